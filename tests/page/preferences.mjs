// Preferences: theme, density, clock and language.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Person, roomOf, stage } from "./harness.mjs";

const { world, story } = stage();

const keep = (page, preferences) =>
  page.addInitScript((kept) => localStorage.setItem("parlor.preferences", JSON.stringify(kept)), preferences);
/** Returns whether the background is dark. */
const isDark = (page) =>
  page.evaluate(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    canvas.fillStyle = getComputedStyle(document.body).backgroundColor;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data[1] < 128;
  });
const prefer = (page, name, value) =>
  page.evaluate(
    async ([key, chosen]) => (await import("/core/preferences.js")).setPreference(key, chosen),
    [name, value],
  );

describe("preferences", () => {
  story("the theme is the system's until one is chosen, and chosen before anything is drawn", async () => {
    const { page } = await Person.arrive(world, "theme", { colorScheme: "dark" });
    await page.goto("/");
    assert.equal(await isDark(page), true);
    await page.emulateMedia({ colorScheme: "light" });
    assert.equal(await isDark(page), false);
    await prefer(page, "theme", "dark");
    assert.equal(await isDark(page), true);
    assert.equal(await page.locator('meta[name="theme-color"]').first().getAttribute("content"), "#101614");
    // Without a single module of the page.
    await page.route("**/app.js", (route) => route.abort());
    await page.reload();
    assert.equal(await isDark(page), true);
  });

  story("invalid stored preferences are ignored", async () => {
    for (const kept of [null, 7, "dark", { theme: "pink", density: 3, hours: {} }, { theme: "dark" }]) {
      const { page } = await Person.arrive(world, "odd");
      await keep(page, kept);
      await page.goto("/");
      await page.getByRole("heading", { level: 1 }).waitFor();
      assert.equal(await isDark(page), kept?.theme === "dark", JSON.stringify(kept));
    }
  });

  story("the time format changes immediately in all tabs", async () => {
    const {
      room,
      people: [ada],
    } = await roomOf(world, ["clock.ada"]);
    const other = await ada.openTab();
    await other.goto(`/r/${room.id}`);
    await ada.connected(other);
    await ada.say("what time is it?");
    const time = (page) => page.locator("time").last();
    for (const page of [ada.page, other]) await page.locator("time", { hasText: /M$/u }).first().waitFor();
    await prefer(ada.page, "hours", "24");
    for (const page of [ada.page, other])
      await page.waitForFunction(() =>
        [...document.querySelectorAll("time")].every(({ textContent }) => /^\d\d:\d\d$/u.test(textContent)),
      );
    assert.match(await time(other).textContent(), /^\d\d:\d\d$/u);
  });

  story("texts that failed to load are requested again", async () => {
    const { page } = await Person.arrive(world, "lost.words");
    let asked = 0;
    await page.route("**/lang/*.json", (route) => ((asked += 1) > 2 ? route.continue() : route.abort()));
    await page.goto("/");
    await page.getByRole("heading", { name: /^Welcome/u }).waitFor();
    assert.ok(asked > 2);
  });

  story("compact density shows more messages", async () => {
    const {
      people: [ada],
    } = await roomOf(world, ["dense.ada"]);
    for (const text of ["one", "two", "three"]) await ada.say(text);
    const height = () => ada.page.locator(".log-rows").evaluate((list) => list.offsetHeight);
    await ada.page.locator(".message-row:not(.pending) .body", { hasText: "three" }).waitFor();
    const before = await height();
    await prefer(ada.page, "density", "compact");
    assert.ok((await height()) < before);
  });
});
