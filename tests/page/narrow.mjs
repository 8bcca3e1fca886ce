// A telephone.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Person, stage } from "./harness.mjs";

const { world, story } = stage();

async function nothingIsWider(page, where) {
  const wide = await page.evaluate(() =>
    [...document.querySelectorAll("body *")]
      .filter((element) => element.checkVisibility() && !element.closest(".sr-only, .skip, svg"))
      .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
      .map((element) => element.outerHTML.slice(0, 120)),
  );
  assert.deepEqual(wide, [], where);
  const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(inner <= outer, `${where}: ${inner} px of content in ${outer} px`);
}

/** Touch targets are at least 44 px high and wide, except links in a sentence. */
async function nothingIsTooSmall(page, where) {
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("button, a[href], select, summary, input:not([type=hidden]):not([hidden]), textarea")]
      .filter(
        (element) =>
          element.checkVisibility({ visibilityProperty: true }) && !element.closest(".sr-only, .skip, .body"),
      )
      .map((element) => [
        element,
        (element.matches("[type=checkbox], [type=radio]")
          ? (element.closest("label") ?? element)
          : element
        ).getBoundingClientRect(),
      ])
      .filter(([element, { width, height }]) => (width < 43.5 || height < 43.5) && !element.matches(".link"))
      .map(
        ([element, { width, height }]) =>
          `${Math.round(width)} × ${Math.round(height)} ${element.outerHTML.slice(0, 100)}`,
      ),
  );
  assert.deepEqual(small, [], where);
}

describe("a narrow screen", () => {
  story("at 360 px nothing is wider than the screen, and one pane is shown at a time", async () => {
    const ada = await (
      await Person.arrive(world, "narrow.ada", {
        viewport: { width: 360, height: 740 },
        hasTouch: true,
        isMobile: true,
      })
    ).signUp({ display_name: "A".repeat(40) });
    const room = await ada.createRoom("A room with quite a long name that does not fit", { topic: "word".repeat(40) });
    for (const body of [
      "x".repeat(900),
      "👩‍👩‍👧‍👦".repeat(200),
      "שלום לכולם, מה שלומכם?",
      "a\u0301\u0302\u0303\u0304".repeat(60),
      "http://example.org/".repeat(20),
    ]) {
      await ada.call("POST", `/api/rooms/${room.id}/messages`, { body });
    }
    const fits = async (where) => {
      await nothingIsWider(ada.page, where);
      await nothingIsTooSmall(ada.page, where);
    };
    await ada.visit();
    await ada.page.getByRole("link", { name: /A room with/u }).waitFor();
    await fits("the list of rooms");
    await ada.page.getByRole("link", { name: /A room with/u }).click();
    await ada.page.locator(".message-row").first().waitFor();
    await fits("the room");
    assert.equal(await ada.page.getByRole("navigation", { name: "Rooms" }).isVisible(), false);
    await ada.page.getByRole("button", { name: /^Members/u }).click();
    await ada.page.getByRole("dialog").locator(".member").waitFor();
    await fits("the members");
    await ada.page.keyboard.press("Escape");
    await ada.page.getByRole("button", { name: "Room settings" }).click();
    await ada.page.getByRole("heading", { name: "Access code" }).waitFor();
    await fits("the room's settings");
    await ada.page.keyboard.press("Escape");
    await ada.page.getByRole("link", { name: "Back to the rooms" }).click();
    await ada.page.getByRole("navigation", { name: "Rooms" }).waitFor();
    await ada.page.getByRole("button", { name: "Settings and sign out" }).click();
    await ada.page.locator(".session").first().waitFor();
    await fits("the settings");
  });

  story("at 200 % zoom everything is reachable on half a wide screen", async () => {
    // A zoom of 200 % halves the width of the page in CSS pixels.
    const ada = await (
      await Person.arrive(world, "zoom.ada", { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 })
    ).signUp();
    const room = await ada.createRoom("Lobby", { topic: "What is said here" });
    await ada.visit(`/r/${room.id}`);
    await ada.say("large as life");
    await ada.reads(["large as life"]);
    await nothingIsWider(ada.page, "the room");
    for (const name of ["Attach files", "Send", "Room settings", "Pinned messages"])
      assert.ok(await ada.page.getByRole("button", { name }).isVisible(), name);
    const log = await ada.page.getByRole("log").boundingBox();
    assert.ok(log.height >= 120, `${log.height} px are left for what is said`);
    await ada.page.getByRole("button", { name: "Room settings" }).click();
    await ada.page.getByRole("heading", { name: "Access code" }).waitFor();
    await nothingIsWider(ada.page, "the room's settings");
    await ada.page.getByRole("button", { name: "Leave room" }).scrollIntoViewIfNeeded();
  });

  story("the on-screen keyboard does not hide the message field", async () => {
    const ada = await (
      await Person.arrive(world, "keyboard.ada", {
        viewport: { width: 360, height: 740 },
        hasTouch: true,
        isMobile: true,
      })
    ).signUp();
    const room = await ada.createRoom("Lobby");
    await ada.visit(`/r/${room.id}`);
    for (let number = 1; number <= 30; number += 1)
      await ada.call("POST", `/api/rooms/${room.id}/messages`, { body: `line ${number}` });
    await ada.page.locator(".body", { hasText: "line 30" }).waitFor();
    await ada.composer.tap();
    // `interactive-widget=resizes-content`: the keyboard takes its height from the page.
    await ada.page.setViewportSize({ width: 360, height: 420 });
    await ada.page.waitForFunction(() => {
      const field = document.getElementById("composer").getBoundingClientRect();
      const last = [...document.querySelectorAll(".message-row")].at(-1).getBoundingClientRect();
      return field.bottom <= innerHeight && last.bottom <= field.top;
    });
    assert.doesNotMatch(
      await ada.page.locator('meta[name="viewport"]').getAttribute("content"),
      /user-scalable|maximum-scale/u,
    );
  });
});
