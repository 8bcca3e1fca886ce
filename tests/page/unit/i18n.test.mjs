import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { LANGUAGES, withRegion, setLanguage, t } from "../../../static/lib/i18n.js";

const catalogue = (code) =>
  JSON.parse(readFileSync(new URL(`../../../static/lang/${code}.json`, import.meta.url), "utf8"));

test("the page offers the languages that it speaks", () => {
  const [, offered] = readFileSync(new URL("../../../static/index.html", import.meta.url), "utf8").match(
    /data-languages="([^"]*)"/u,
  );
  assert.deepEqual(offered.split(" "), Object.keys(LANGUAGES));
});

test("the region that is wanted with a language", () => {
  assert.equal(withRegion("en", ["de-AT", "en-GB", "en-US"]), "en-GB");
  assert.equal(withRegion("de", ["en"]), "de");
});

test("values stand in their places, and a number picks the plural", () => {
  setLanguage("en", { hello: "Hello {name}, {other}", "people#one": "{n} person", "people#other": "{n} people" });
  assert.equal(t("hello", { name: "$& Ana" }), "Hello $& Ana, {other}");
  assert.equal(t("people", { n: 1 }), "1 person");
  assert.equal(t("people", { n: 1200 }), "1,200 people");
  assert.equal(t("no.such.key"), "no.such.key");
});

test("every language says everything, with the same values", () => {
  const english = catalogue("en");
  // Languages count in different forms: `#few` in one has no partner in another.
  const bare = (words) => new Set(Object.keys(words).map((key) => key.split("#")[0]));
  const values = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const code of Object.keys(LANGUAGES)) {
    const words = catalogue(code);
    assert.deepEqual([...bare(words)].sort(), [...bare(english)].sort(), code);
    for (const [key, text] of Object.entries(english)) {
      if (key in words) assert.deepEqual(values(words[key]), values(text), `${code}: ${key}`);
    }
    for (const category of new Intl.PluralRules(code).resolvedOptions().pluralCategories) {
      for (const key of Object.keys(words).filter((key) => key.endsWith("#other"))) {
        assert.ok(key.replace("#other", `#${category}`) in words, `${code}: ${key} has no #${category}`);
      }
    }
  }
});

test("every key that is said is in the catalogue, and every one in it is said", () => {
  const folder = new URL("../../../static/", import.meta.url);
  const scripts = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith(".js") && !file.startsWith("vendor/"));
  const source = scripts.map((file) => readFileSync(new URL(file, folder), "utf8")).join("\n");
  const bare = new Set(Object.keys(catalogue("en")).map((key) => key.split("#")[0]));
  for (const [, key] of source.matchAll(/\bt\("([^"]+)"/gu)) assert.ok(bare.has(key), `${key} is not in the catalogue`);
  // Keys are written out, also in tables, or are made of a beginning and a word: `role.${role}`.
  const beginnings = [...source.matchAll(/`([a-z][\w.-]*[.-])\$\{/gu)].map(([, beginning]) => beginning);
  const isSaid = (key) => source.includes(`"${key}"`) || beginnings.some((beginning) => key.startsWith(beginning));
  assert.deepEqual(
    [...bare].filter((key) => !isSaid(key)),
    [],
  );
});
