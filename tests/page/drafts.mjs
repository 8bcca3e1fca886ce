// A draft stays until it is saved as a message.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Person, stage } from "./harness.mjs";

const { world, story } = stage();

/** Signs up a user with a room of their own. Their messages reach the server only while `passes` is true. */
async function writer(name) {
  const ada = await (await Person.arrive(world, name)).signUp();
  const room = await ada.createRoom("Lobby");
  const wire = { passes: true };
  const sent = new Promise((resolve) => (wire.tell = resolve));
  await ada.page.routeWebSocket(/\/ws$/u, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((text) => {
      const isSend = JSON.parse(text).type === "send";
      if (wire.passes || !isSend) server.send(text);
      if (isSend) wire.tell();
    });
  });
  await ada.visit(`/r/${room.id}`);
  const key = `parlor.draft.${ada.id}.${room.id}`;
  return {
    ada,
    wire,
    sent,
    draft: () => ada.page.evaluate((name) => localStorage.getItem(name), key),
    draftIsGone: () => ada.page.waitForFunction((name) => localStorage.getItem(name) === null, key),
  };
}

/** The disk is busy with something else: what the page writes waits until `releaseDisk`. */
const holdDisk = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        indexedDB.open("parlor", 1).onsuccess = ({ target: { result: database } }) => {
          globalThis.isHeld = true;
          const store = database.transaction("outbox", "readwrite").objectStore("outbox");
          const hold = () => globalThis.isHeld && (store.get("nothing").onsuccess = hold);
          hold();
          resolve();
        };
      }),
  );
const releaseDisk = (page) => page.evaluate(() => (globalThis.isHeld = false));

describe("drafts", () => {
  story("a message stored on no disk is still a draft after a reload", async () => {
    const { ada, wire, sent, draft } = await writer("slow.ada");
    await holdDisk(ada.page);
    wire.passes = false;
    await ada.say("not lost");
    // The page does not wait for the disk for ever: it sends the message, and gets no answer.
    await sent;
    assert.equal(await draft(), '"not lost"');
    await ada.page.reload();
    await ada.connected();
    assert.equal(await ada.composer.inputValue(), "not lost");
    assert.deepEqual(await ada.said(), []);
  });

  story("the draft is deleted once the message is on the local disk", async () => {
    const { ada, wire, sent, draft, draftIsGone } = await writer("disk.ada");
    await holdDisk(ada.page);
    wire.passes = false;
    await ada.say("on its way");
    await sent;
    assert.equal(await draft(), '"on its way"');
    await releaseDisk(ada.page);
    await draftIsGone();
    wire.passes = true;
    await ada.page.reload();
    await ada.connected();
    await ada.page.locator(".message-row:not(.pending) .body", { hasText: "on its way" }).waitFor();
    assert.equal(await ada.composer.inputValue(), "");
  });

  story("the draft is deleted once the message is on the server's disk", async () => {
    const { ada, draftIsGone } = await writer("ack.ada");
    await holdDisk(ada.page);
    await ada.say("arrived");
    await ada.page.locator(".message-row:not(.pending) .body", { hasText: "arrived" }).waitFor();
    await draftIsGone();
  });
});
