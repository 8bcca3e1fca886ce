// Every text of the page comes from its catalogues, in the user's language.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe } from "node:test";
import { Person, stage } from "./harness.mjs";
import { everyScreen } from "./walk.mjs";

const { world, story } = stage();

const english = JSON.parse(readFileSync(new URL("../../static/lang/en.json", import.meta.url), "utf8"));
/** A language of its own: every text stands in brackets. */
const bracketed = Object.fromEntries(Object.entries(english).map(([key, text]) => [key, `⟦${text}⟧`]));

/** Runs in the page: the texts with letters that stand outside of brackets, but for what people wrote. */
const untranslated = () => {
  const THEIRS =
    "bdi, [dir=auto], [translate=no], [lang]:not(html), time, code, kbd, pre, svg, script, style, noscript, .avatar, .code";
  const SAYING = ["placeholder", "aria-label", "aria-description", "aria-roledescription", "title", "alt", "label"];
  const NAMES = new Set(["Parlor"]);
  const outside = (text) => {
    let rest = text;
    for (let before; before !== rest;) {
      before = rest;
      rest = rest.replace(/⟦[^⟦⟧]*⟧/gu, "");
    }
    return rest.trim();
  };
  const isBare = (text) =>
    /\p{L}/u.test(outside(text)) && !NAMES.has(outside(text)) && !/^@[\w.-]+$/u.test(outside(text));
  const found = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    if (!node.parentElement.closest(THEIRS) && isBare(node.data))
      found.add(`${node.data.trim()} in ${node.parentElement.outerHTML.slice(0, 100)}`);
  }
  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest("svg")) continue;
    for (const name of SAYING) {
      const text = element.getAttribute(name);
      if (
        text &&
        !element.closest("time, code, bdi, [lang]:not(html)") &&
        !/\d:\d\d/u.test(text) &&
        !(name === "title" && element.dir === "auto") &&
        isBare(text)
      )
        found.add(`${name}: ${text}`);
    }
  }
  return [...found];
};

describe("words", () => {
  for (const width of [1280, 360]) {
    story(`every text is in the catalogue, ${width} px`, async () => {
      const said = {};
      const translated = {
        ...world,
        browser: {
          newContext: async (options) => {
            const context = await world.browser.newContext(options);
            await context.route("**/lang/en.json", (route) => route.fulfill({ json: bracketed }));
            return context;
          },
        },
      };
      await everyScreen(translated, `words.${width}`, { viewport: { width, height: 740 } }, async (page, screen) => {
        const found = await page.evaluate(untranslated);
        if (found.length > 0) said[screen] = found;
      });
      assert.deepEqual(said, {});
    });
  }

  story("a German browser gets German texts", async () => {
    const { page } = await Person.arrive(world, "hans", { locale: "de-AT" });
    await page.route("**/api/server", (route) => route.abort());
    await page.route("**/api/auth/refresh", (route) => route.abort());
    await page.goto("/");
    await page.getByRole("heading", { name: "Der Server ist nicht erreichbar" }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
  });
});
