import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { refusal, requests, serve, settle, stored } from "./fake-browser.mjs";

const { liveSocket } = await import("../../../static/core/socket.js");
const { Room } = await import("../../../static/core/room.js");
const { connection, currentRoom, outgoing, pageActive, rooms, route } = await import("../../../static/core/state.js");
const { beginSession } = await import("../../../static/core/session.js");
const typing = await import("../../../static/core/typing.js");
const receipts = await import("../../../static/core/receipts.js");
const sending = await import("../../../static/core/sending.js");
const { catchUp } = await import("../../../static/core/catch-up.js");
const messages = await import("../../../static/core/messages.js");
const { toast } = await import("../../../static/core/toast.js");

/** Frames that the page sent. */
let sent = [];
let isConnected = true;
liveSocket.send = (frame) => {
  if (isConnected) sent.push(frame);
  return isConnected;
};

function openRoom({ unread = 0, seq = 10, read = seq - unread } = {}) {
  const room = new Room({ id: 1, name: "den", read_seq: read, unread, mentions: 0, head: { seq, rev: seq } });
  rooms.value = new Map([[1, room]]);
  route.value = { name: "room", roomId: 1, seq: null };
  return room;
}

beforeEach(() => {
  sent = [];
  isConnected = true;
  requests.length = 0;
  stored.clear();
  receipts.clearPendingReceipts();
  beginSession({ user: { id: 7, username: "ada" } });
  connection.value = { phase: "ready", retryAt: null, since: 1 };
});

describe("typing", () => {
  test("typing is sent at most every four seconds", (t) => {
    t.mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
    typing.resetTyping();
    typing.sendTyping(1);
    t.mock.timers.tick(3_999);
    typing.sendTyping(1);
    assert.equal(sent.length, 1);
    t.mock.timers.tick(1);
    typing.sendTyping(1);
    assert.deepEqual(sent, [
      { type: "typing", room_id: 1 },
      { type: "typing", room_id: 1 },
    ]);
  });

  test("typing that could not be sent is sent with the next key", () => {
    typing.resetTyping();
    isConnected = false;
    typing.sendTyping(1);
    isConnected = true;
    typing.sendTyping(1);
    assert.equal(sent.length, 1);
  });

  test("clearing the field is sent once, and only after typing", () => {
    typing.resetTyping();
    typing.sendTypingStopped(1);
    assert.equal(sent.length, 0);
    typing.sendTyping(1);
    typing.sendTypingStopped(1);
    typing.sendTypingStopped(1);
    assert.deepEqual(sent.slice(1), [{ type: "typing", room_id: 1, on: false }]);
  });

  test("an indicator lasts eight seconds after the last frame", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const frame = { type: "typing", room_id: 1, user_id: 9 };
    typing.receiveTyping(frame);
    t.mock.timers.tick(7_000);
    typing.receiveTyping(frame);
    t.mock.timers.tick(7_999);
    assert.deepEqual(typing.typingUsers(1), [9]);
    t.mock.timers.tick(1);
    assert.deepEqual(typing.typingUsers(1), []);
  });

  test("own typing is not shown, and a sent message removes the indicator", () => {
    typing.receiveTyping({ room_id: 1, user_id: 7 });
    assert.deepEqual(typing.typingUsers(1), []);
    typing.receiveTyping({ room_id: 1, user_id: 9 });
    typing.removeTyping(1, 9);
    assert.deepEqual(typing.typingUsers(1), []);
    typing.receiveTyping({ room_id: 1, user_id: 9 });
    typing.clearTyping();
    assert.deepEqual(typing.typingUsers(1), []);
  });
});

describe("receipts", () => {
  test("several reads are sent as one receipt with the newest number", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const room = openRoom({ unread: 5 });
    pageActive.value = true;
    receipts.markReadUpTo(room, 7);
    receipts.markReadUpTo(room, 9);
    receipts.markReadUpTo(room, 8);
    assert.equal(receipts.hasPendingReceipt(room), true);
    t.mock.timers.tick(250);
    assert.deepEqual(sent, [{ type: "read", room_id: 1, seq: 9, read_generation: 0 }]);
    assert.equal(receipts.hasPendingReceipt(room), false);
  });

  test("an inactive page reads nothing", () => {
    const room = openRoom({ unread: 5 });
    pageActive.value = false;
    receipts.markReadUpTo(room, 9);
    assert.equal(room.readSeq.value, 5);
    pageActive.value = true;
  });

  test("a room marked as unread stays unread", () => {
    const room = openRoom({ unread: 5 });
    receipts.keepUnread(room, 2);
    receipts.markReadUpTo(room, 9);
    assert.equal(room.readSeq.value, 5);
    assert.equal(room.unreadAfter.value, 2);
    assert.equal(receipts.hasPendingReceipt(room), false);
  });

  test("receipts of a former account are dropped", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const room = openRoom({ unread: 5 });
    receipts.markReadUpTo(room, 9);
    receipts.clearPendingReceipts();
    t.mock.timers.tick(1_000);
    assert.deepEqual(sent, []);
  });

  test("a late receipt of the server does not move back what this page has read", () => {
    const room = openRoom({ unread: 5 });
    receipts.markReadUpTo(room, 9);
    room.receipt({ read_seq: 6, unread: 4, read_generation: 0 });
    assert.equal(room.readSeq.value, 9);
    room.receipt({ read_seq: 2, unread: 8, read_generation: 1 });
    assert.equal(room.readSeq.value, 2, "a forced move of another device");
  });
});

describe("messages", () => {
  const message = { room_id: 1, seq: 4 };

  test("actions call the routes of the message", async () => {
    serve(() => null);
    await messages.editMessage(message, "new");
    await messages.deleteMessage(message);
    await messages.setReaction(message, "👍", true);
    await messages.setReaction(message, "👍", false);
    await messages.setPinned(message, true);
    assert.deepEqual(
      requests.map(({ method, path }) => `${method} ${path.replace("/api/rooms/1/messages/4", "")}`),
      ["PATCH ", "DELETE ", "PUT /reactions/%F0%9F%91%8D", "DELETE /reactions/%F0%9F%91%8D", "PUT /pin"],
    );
  });

  test("a refusal is shown as a notice", async () => {
    serve(() => ({ status: 403, body: { code: "forbidden", detail: "Only moderators pin messages." } }));
    assert.equal(await messages.setPinned(message, true), false);
    assert.equal(toast.value.text, "Only moderators pin messages.");
  });

  test("marking as unread moves the receipt back and keeps the room unread", async () => {
    const room = openRoom();
    serve(({ body }) => ({ read_seq: body.seq, unread: 7, mentions: 0, read_generation: 1 }));
    await messages.markUnread(message);
    assert.deepEqual(requests[0].body, { seq: 3, force: true });
    assert.equal(room.readSeq.value, 3);
    assert.equal(room.unread.value, 7);
    assert.equal(room.stayUnread, true);
  });
});

describe("sending", () => {
  async function openOutbox() {
    sending.closeOutbox();
    sending.openOutbox(7);
    while (!sending.outbox.value) await new Promise((resolve) => setImmediate(resolve));
  }

  test("a message is stored before it is sent, and its draft is saved", async () => {
    await openOutbox();
    assert.equal(await sending.sendMessage(openRoom(), "hello"), true);
    await settle();
    const [frame] = sent.filter(({ type }) => type === "send");
    assert.equal(frame.body, "hello");
    const [name] = [...stored.keys()].filter((key) => key.startsWith("parlor.outbox.7."));
    assert.match(stored.get(name), /hello/u);
    sending.confirmMessage(frame.key, 11);
    assert.deepEqual(outgoing.value, []);
  });

  test("the ack shows the message until the timeline has it", async () => {
    await openOutbox();
    const room = openRoom();
    await sending.sendMessage(room, "hello");
    const [{ key }] = outgoing.value;
    sending.confirmMessage(key, 11);
    assert.deepEqual(
      room.confirmed.value.map(({ body, state, seq }) => ({ body, state, seq })),
      [{ body: "hello", state: "sent", seq: 11 }],
    );
  });

  test("one message of a room is in flight at a time, in order", async () => {
    await openOutbox();
    const room = openRoom();
    void sending.sendMessage(room, "one");
    void sending.sendMessage(room, "two");
    await settle();
    const bodies = () => sent.filter(({ type }) => type === "send").map(({ body }) => body);
    assert.deepEqual(bodies(), ["one"]);
    sending.confirmMessage(outgoing.value[0].key, 11);
    await settle();
    assert.deepEqual(bodies(), ["one", "two"]);
    sending.confirmMessage(outgoing.value[0].key, 12);
  });

  test("a reconnect repeats the message with its key", async () => {
    await openOutbox();
    void sending.sendMessage(openRoom(), "hello");
    await settle();
    sending.outbox.value.disconnected();
    sending.outbox.value.connected();
    await settle();
    const keys = sent.filter(({ type }) => type === "send").map(({ key }) => key);
    assert.equal(keys.length, 2);
    assert.equal(keys[0], keys[1]);
    sending.discardMessage(keys[0]);
  });

  test("without an account nothing is sent", async () => {
    sending.closeOutbox();
    assert.equal(await sending.sendMessage(openRoom(), "hello"), false);
    assert.deepEqual(outgoing.value, []);
  });

  test("unsent messages survive a reload and are deleted on request", async () => {
    await openOutbox();
    isConnected = false;
    await sending.sendMessage(openRoom(), "later");
    await openOutbox();
    assert.deepEqual(
      outgoing.value.map(({ body }) => body),
      ["later"],
    );
    sending.closeOutbox();
    await sending.deleteOutbox(7);
    assert.equal([...stored.keys()].filter((key) => key.startsWith("parlor.outbox.7.")).length, 0);
  });
});

describe("catching up over HTTP", () => {
  const item = (rev) => ({ room_id: 1, seq: rev, rev, kind: "text", body: `${rev}`, author: { id: 9 } });

  test("pages are read until the last one", async () => {
    const room = openRoom();
    serve(({ path }) => {
      const since = Number(new URL(path, "http://parlor.test").searchParams.get("changed_since"));
      return { items: [item(since + 1), item(since + 2)], has_after: since < 14 };
    });
    assert.equal(await catchUp(room, 10), true);
    assert.deepEqual(
      requests.map(({ path }) => new URL(path, "http://parlor.test").searchParams.get("changed_since")),
      ["10", "12", "14"],
    );
  });

  test("a lost connection ends it unfinished", async () => {
    const room = openRoom();
    serve(() => {
      connection.value = { phase: "waiting", retryAt: null, since: 1 };
      return { items: [item(11)], has_after: true };
    });
    assert.equal(await catchUp(room, 10), false);
    assert.equal(requests.length, 1);
  });
});

test("a session that ends during a request is noticed", async () => {
  serve(() => refusal(401));
  await messages.editMessage({ room_id: 1, seq: 1 }, "x");
  assert.equal(currentRoom.value?.id, 1);
  assert.equal((await import("../../../static/core/state.js")).session.value.phase, "out");
});
