// The keyboard, wherever the focus is.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Person, roomOf, stage } from "./harness.mjs";

const { world, story } = stage();
const opened = (person, name) => person.page.getByRole("heading", { name, level: 1 }).waitFor();

describe("keys", () => {
  story("Alt and arrows switch rooms, with Shift unread rooms", async () => {
    const ada = await (await Person.arrive(world, "keys.ada")).signUp();
    const rooms = {};
    for (const name of ["Attic", "Balcony", "Cellar"]) rooms[name] = await ada.createRoom(name);
    const bob = await (await Person.arrive(world, "keys.bob")).signUp();
    await bob.call("POST", "/api/rooms/join", { code: rooms.Cellar.access_code });
    await ada.visit(`/r/${rooms.Attic.id}`);
    await ada.composer.fill("a draft that stays");
    await ada.page.keyboard.press("Alt+ArrowDown");
    await opened(ada, "Balcony");
    await ada.page.keyboard.press("Alt+ArrowUp");
    await ada.page.keyboard.press("Alt+ArrowUp");
    await opened(ada, "Cellar");
    await ada.page.keyboard.press("Alt+ArrowDown");
    await opened(ada, "Attic");
    assert.equal(await ada.composer.inputValue(), "a draft that stays");
    await bob.call("POST", `/api/rooms/${rooms.Cellar.id}/messages`, { body: "down here" });
    await ada.page.getByRole("link", { name: /Cellar\s*1/u }).waitFor();
    await ada.page.keyboard.press("Alt+Shift+ArrowDown");
    await opened(ada, "Cellar");
    await ada.reads(["down here"]);
    await ada.page.keyboard.press("Alt+Shift+ArrowDown");
    await opened(ada, "Cellar");
  });

  story("Escape returns to the message field", async () => {
    const {
      people: [ada],
    } = await roomOf(world, ["esc.ada"]);
    await ada.page.getByRole("log").focus();
    await ada.page.keyboard.press("Escape");
    await ada.page.waitForFunction(() => document.activeElement.id === "composer");
  });

  story("Enter of an input method sends nothing", async () => {
    const {
      people: [ada],
    } = await roomOf(world, ["ime.ada"]);
    const session = await ada.page.context().newCDPSession(ada.page);
    await ada.composer.focus();
    await session.send("Input.imeSetComposition", { text: "に", selectionStart: 1, selectionEnd: 1 });
    await session.send("Input.imeSetComposition", { text: "にほん", selectionStart: 3, selectionEnd: 3 });
    // A browser reports this for a key that the input method takes.
    await session.send("Input.dispatchKeyEvent", {
      type: "rawKeyDown",
      key: "Enter",
      code: "Enter",
      windowsVirtualKeyCode: 229,
    });
    await ada.composer.dispatchEvent("keydown", { key: "Enter", isComposing: true, bubbles: true });
    await session.send("Input.insertText", { text: "日本" });
    assert.equal(await ada.composer.inputValue(), "日本");
    assert.deepEqual(await ada.said(), []);
    await ada.page.keyboard.press("Enter");
    await ada.reads(["日本"]);
  });
});
