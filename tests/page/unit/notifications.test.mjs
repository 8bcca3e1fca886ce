import assert from "node:assert/strict";
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import "./browser-stubs.mjs";

const shown = [];
globalThis.Notification = class {
  static permission = "granted";
  constructor(title, { body }) {
    shown.push(`${title}: ${body}`);
  }
};
const opened = new EventTarget();
globalThis.WebSocket = class {
  sent = [];
  constructor() {
    queueMicrotask(() => opened.dispatchEvent(Object.assign(new Event("open"), { socket: this })));
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {}
};
globalThis.fetch = async () => Response.json({});

await import("../../../static/core/frame-handlers.js");
await import("../../../static/core/notifications.js");
const { preferences } = await import("../../../static/core/preferences.js");
const { liveSocket } = await import("../../../static/core/socket.js");
const { rooms } = await import("../../../static/core/state.js");

const message = (seq) => ({
  type: "message",
  room_id: 1,
  message: {
    seq,
    rev: seq,
    kind: "text",
    body: `body ${seq}`,
    author: { id: 2, username: "bob", display_name: "Bob" },
  },
});

test("a message that reveals a gap is notified once, and replayed messages are not", async (t) => {
  preferences.value = { ...preferences.value, notifications: "on" };
  const isOpen = once(opened, "open");
  liveSocket.start();
  const [{ socket }] = await isOpen;
  t.after(() => liveSocket.stop());
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const receive = (frame) => socket.onmessage({ data: JSON.stringify(frame) });
  const head = { seq: 1, rev: 1 };
  receive({ type: "ready", epoch: "e", rooms: [{ id: 1, name: "den", kind: "direct", read_seq: 1, head }] });
  const room = rooms.value.get(1);
  room.timeline.caughtUpTo(1);

  receive(message(4));
  assert.ok(room.timeline.syncing);
  assert.deepEqual(
    socket.sent.filter(({ type }) => type === "sync").map(({ rooms }) => rooms),
    [{ 1: 1 }],
  );
  for (const seq of [2, 3, 4]) receive(message(seq));
  receive({ type: "synced", room_id: 1, head: { seq: 4, rev: 4 } });
  // Another thread resolves imports in order, so the page's own import is complete after this one.
  await import("../../../static/core/notifications.js");
  for (let turns = 0; turns < 1_000 && shown.length === 0; turns += 1) {
    await turn();
    t.mock.timers.tick(1_000);
  }
  await turn();
  assert.deepEqual(shown, ["Bob: body 4"]);
});
