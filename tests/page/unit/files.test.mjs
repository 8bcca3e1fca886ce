// Requirements of the content security policy and the vendored libraries on the files.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../static/", import.meta.url));
const read = (file) => fs.readFileSync(path.join(ROOT, file), "utf8");
const files = fs
  .readdirSync(ROOT, { recursive: true })
  .map(String)
  .filter((file) => fs.statSync(path.join(ROOT, file)).isFile());
const own = files.filter((file) => file.endsWith(".js") && !file.startsWith("vendor/"));
const index = read("index.html");
const importMap = JSON.parse(/<script type="importmap">([\s\S]*?)<\/script>/u.exec(index)[1]).imports;

test("the import map is the only inline script, and no style is inline", () => {
  const inline = [...index.matchAll(/<script\b([^>]*)>/gu)].filter(([, attributes]) => !/\bsrc=/u.test(attributes));
  assert.deepEqual(
    inline.map(([tag]) => tag),
    ['<script type="importmap">'],
  );
  assert.doesNotMatch(index, /<style|\sstyle=|\son\w+=/u);
});

test("no script uses Promise.withResolvers, which Safari before 17.4 lacks", () => {
  assert.ok(own.length > 0);
  assert.deepEqual(
    own.filter((file) => read(file).includes("withResolvers")),
    [],
  );
});

test("nothing comes from another host", () => {
  for (const [, address] of index.matchAll(/(?:src|href)="([^"]*)"/gu)) assert.match(address, /^\/[^/]/u);
  for (const file of files.filter((name) => name.endsWith(".css")))
    assert.doesNotMatch(read(file), /@import|url\(/u, file);
});

/** Returns the files that a module imports: statically, or (`lazy`) dynamically. */
function importsOf(file, { lazy = false } = {}) {
  const pattern = lazy
    ? /\bimport\("([^"]+)"\)/gu
    : /^(?:import|export)\s(?:[^"';]*from\s)?"([^"]+)"|\bfrom"([^"]+)"/gmu;
  return [...read(file).matchAll(pattern)].map(([, own, packed]) => {
    const name = own ?? packed;
    return name.startsWith(".") ? path.join(path.dirname(file), name) : (importMap[name] ?? `/no ${name}`).slice(1);
  });
}

/** The files that a module cannot do without. */
function closure(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const imported of importsOf(file)) closure(imported, seen);
  return seen;
}

test("what the first view imports is preloaded, and nothing else", () => {
  const preloaded = (text) =>
    [...text.matchAll(/rel="modulepreload" href="\/([^"]*)"/gu)].map(([, file]) => file).sort();
  const needed = closure("app.js");
  for (const screen of ["shell", "welcome"]) {
    const [, links] = index.match(new RegExp(`<template id="${screen}">([\\s\\S]*?)</template>`, "u"));
    const more = [...closure(`components/${screen}.js`)].filter((file) => !needed.has(file));
    assert.deepEqual(preloaded(links), more.sort(), screen);
  }
  needed.delete("app.js");
  assert.deepEqual(preloaded(index.replace(/<template[\s\S]*?<\/template>/gu, "")), [...needed].sort());
});

test("every module is used: at once, later, or by the document itself", () => {
  const used = new Set(["sw.js"]);
  for (const [, file] of index.matchAll(/<script[^>]* src="\/([^"]*)"/gu)) closure(file, used);
  for (const file of own) for (const later of importsOf(file, { lazy: true })) closure(later, used);
  assert.deepEqual(
    files.filter((file) => file.endsWith(".js") && !used.has(file)),
    [],
  );
});

test("every style sheet is linked: at once, or by the module that needs it", () => {
  const linked = [...index.matchAll(/rel="stylesheet" href="\/([^"]*)"/gu)].map(([, file]) => file);
  const scripts = own.map(read).join("\n");
  for (const file of files.filter((name) => name.endsWith(".css")))
    assert.equal(linked.includes(file), !scripts.includes(`"/${file}"`), file);
});

test("every import leads to a file", () => {
  for (const file of own) {
    for (const imported of [...importsOf(file), ...importsOf(file, { lazy: true })])
      assert.ok(files.includes(imported), `${file} imports ${imported}`);
  }
});

test("text never becomes markup", () => {
  for (const file of own) {
    assert.doesNotMatch(
      read(file),
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc/u,
      file,
    );
  }
});

test("comments stand on lines of their own and casts within a line, where the server takes them out", () => {
  for (const file of own) {
    for (const line of read(file).split("\n")) {
      const text = line.trim().replace(/\/\*\* @[^*]*\*\/ ?(?=.)/gu, "");
      if (text.startsWith("//")) assert.match(text, /^\/\/(?: |$)/u, file);
      if (text.startsWith("/*") || text.startsWith("*")) assert.doesNotMatch(text, /\*\/./u, file);
      else assert.doesNotMatch(text, /\/\*\*/u, file);
    }
  }
});

test("what is pure names nothing of the browser", () => {
  for (const file of own.filter((name) => name.startsWith("lib/") && name !== "lib/html.js")) {
    assert.doesNotMatch(read(file), /\b(?:document|window|localStorage|navigator|location)\./u, file);
  }
});

test("files stay small enough to be read", () => {
  for (const file of [...own, ...files.filter((name) => name.endsWith(".css"))]) {
    assert.ok(read(file).split("\n").length <= 400, file);
  }
});

test("the vendored files are those that were published", () => {
  const lock = JSON.parse(read("vendor/vendor.lock.json"));
  for (const { file, sha256, licence_text: licence, imports } of lock.files) {
    assert.equal(
      createHash("sha256")
        .update(fs.readFileSync(path.join(ROOT, "vendor", file)))
        .digest("hex"),
      sha256,
      file,
    );
    assert.ok(files.includes(`vendor/${licence}`), licence);
    if (imports !== undefined) assert.equal(importMap[imports], `/vendor/${file}`);
  }
  const listed = lock.files.map(({ file }) => `vendor/${file}`);
  assert.deepEqual(files.filter((file) => /^vendor\/.*\.js$/u.test(file)).sort(), listed.sort());
});

test("components change the page's state only through actions", () => {
  const drawing = own.filter((file) => file.startsWith("components/") || file === "app.js");
  assert.ok(drawing.length > 30);
  for (const file of drawing) {
    const code = read(file);
    for (const [whole, owner] of code.matchAll(/([\w.?]+)\.value\s*(?:[-+*/&|?]{0,2}=(?![=>])|\+\+|--)/gu)) {
      const isInput = /(?:^|\.)(?:current|currentTarget)$/u.test(owner);
      const isOwnSignal = new RegExp(`^(?:export )?const ${owner} = signal\\(`, "mu").test(code);
      assert.ok(isInput || isOwnSignal, `${file}: ${whole}`);
    }
    assert.doesNotMatch(code, /\bimport\("[^"]*\/core\/state\.js"\)/u, file);
  }
});

test("the types are those of the vendored versions", () => {
  const lock = JSON.parse(read("vendor/vendor.lock.json"));
  const { devDependencies } = JSON.parse(fs.readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const shared = lock.files.filter(({ name }) => name in devDependencies);
  assert.ok(shared.length > 3);
  for (const { name, version } of shared) assert.equal(devDependencies[name], version, name);
});
