// Files that are dragged over the page.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Person, roomOf, scratch, stage } from "./harness.mjs";

const { world, story } = stage();

const file = scratch();

const FILES = { items: [], files: [file("notes.txt", 100)], dragOperationsMask: 1 };
const WORDS = { items: [{ mimeType: "text/plain", data: "words" }], dragOperationsMask: 1 };

/** The pointer of somebody who drags something over the page, as the browser itself reports it. */
async function dragger(page) {
  const session = await page.context().newCDPSession(page);
  // After the page's own listeners. A drag that nothing prevented would end with the browser opening the file.
  await page.evaluate(() => addEventListener("dragover", (event) => (globalThis.isPrevented = event.defaultPrevented)));
  const at = async (target, type, data) => {
    const { x, y, width, height } = await target.boundingBox();
    await session.send("Input.dispatchDragEvent", { type, x: x + width / 2, y: y + height / 2, data });
  };
  return {
    /** Comes from outside of the page. */
    enter: async (target, data) => {
      await at(target, "dragEnter", data);
      await at(target, "dragOver", data);
    },
    move: (target, data) => at(target, "dragOver", data),
    drop: (target, data) => at(target, "drop", data),
    isPrevented: () => page.evaluate(() => globalThis.isPrevented),
  };
}

describe("dropping files", () => {
  story("files dropped onto the message list are attached", async () => {
    const {
      people: [ada],
    } = await roomOf(world, ["drop.ada"]);
    await ada.say("drop it here");
    await ada.reads(["drop it here"]);
    const drag = await dragger(ada.page);
    const [log, overlay] = [ada.page.getByRole("log"), ada.page.locator(".drop-zone")];
    assert.equal(await overlay.count(), 0);
    await drag.enter(log, FILES);
    await overlay.filter({ hasText: "Drop files to attach them" }).waitFor();
    await drag.move(log, FILES);
    assert.deepEqual(
      await overlay.boundingBox(),
      await ada.page.locator("main.room").boundingBox(),
      "it covers the room",
    );
    assert.equal(await drag.isPrevented(), true);
    await drag.drop(log, FILES);
    await ada.page.locator(".upload.ready", { hasText: "notes.txt" }).waitFor();
    await overlay.waitFor({ state: "detached" });
    await ada.composer.press("Enter");
    await ada.page.locator(".message-row .file", { hasText: "notes.txt" }).waitFor();
  });

  story("the overlay ends with the drag and is not shown for text or edits", async () => {
    const {
      people: [ada],
    } = await roomOf(world, ["leave.ada"]);
    await ada.say("mine");
    await ada.page.locator(".message-row:not(.pending)", { hasText: "mine" }).waitFor();
    const drag = await dragger(ada.page);
    const [log, overlay] = [ada.page.getByRole("log"), ada.page.locator(".drop-zone")];
    await drag.enter(log, FILES);
    await overlay.waitFor();
    // A browser tells again and again of a pointer that rests.
    await drag.move(log, FILES);
    await drag.move(ada.page.getByRole("navigation"), FILES);
    await overlay.waitFor({ state: "detached" });
    await drag.enter(log, WORDS);
    assert.equal(await overlay.count(), 0);
    await ada.composer.press("ArrowUp");
    await ada.page.locator(".purpose").waitFor();
    await drag.enter(log, FILES);
    assert.equal(await overlay.count(), 0);
    await drag.drop(log, FILES);
    assert.equal(await drag.isPrevented(), true);
    assert.equal(await ada.page.locator(".upload").count(), 0);
  });

  story("files dropped elsewhere are neither attached nor opened", async () => {
    const {
      people: [ada],
    } = await roomOf(world, ["else.ada"]);
    const drag = await dragger(ada.page);
    const dropOn = async (target) => {
      await drag.enter(target, FILES);
      await drag.drop(target, FILES);
      assert.equal(await drag.isPrevented(), true);
      assert.equal(await ada.page.locator(".upload").count(), 0);
    };
    await dropOn(ada.page.getByRole("navigation"));
    await ada.page.getByRole("button", { name: "Create a room" }).first().click();
    await dropOn(ada.page.getByRole("dialog"));
    const { page } = await Person.arrive(world, "stranger");
    await page.goto("/");
    await page.getByRole("heading", { name: /^Welcome/u }).waitFor();
    const outside = await dragger(page);
    await outside.enter(page.locator(".welcome"), FILES);
    await outside.drop(page.locator(".welcome"), FILES);
    assert.equal(await outside.isPrevented(), true);
  });
});
