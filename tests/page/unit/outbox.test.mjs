import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox } from "../../../static/lib/outbox.js";

/** An outbox with a clock that only the test moves, and everything it did. */
function outbox(entries = []) {
  const sent = [];
  const timers = [];
  let time = 0;
  let saved = entries;
  const box = new Outbox({
    entries,
    send: (entry) => sent.push(entry.key),
    changed: (now) => (saved = now),
    now: () => time,
    setTimeout: (action, delay) => timers.push({ action, at: time + delay }) - 1,
    clearTimeout: (id) => id !== null && delete timers[id],
  });
  const pass = (ms) => {
    time += ms;
    timers.forEach((timer, id) => {
      if (timer.at > time) return;
      delete timers[id];
      timer.action();
    });
  };
  const write = (key, roomId = 1) => box.add({ key, roomId, body: `body of ${key}` });
  return {
    box,
    sent,
    pass,
    write,
    saved: () => saved,
    states: () => box.entries.map(({ key, state }) => `${key} ${state}`),
  };
}

test("a message waits for the connection and is saved before it is sent", () => {
  const { box, sent, write, saved } = outbox();
  write("a");
  assert.deepEqual(sent, []);
  assert.equal(saved()[0].key, "a");
  box.connected();
  assert.deepEqual(sent, ["a"]);
  assert.equal(saved()[0].state, "sending");
});

test("in one room, one at a time and in order", () => {
  const { box, sent, write } = outbox();
  box.connected();
  for (const key of ["a", "b", "c"]) write(key);
  assert.deepEqual(sent, ["a"]);
  box.acked("a");
  assert.deepEqual(sent, ["a", "b"]);
  box.acked("b");
  box.acked("c");
  assert.deepEqual(sent, ["a", "b", "c"]);
  assert.deepEqual(box.entries, []);
});

test("rooms do not wait for each other", () => {
  const { box, sent, write } = outbox();
  box.connected();
  write("a", 1);
  write("b", 2);
  assert.deepEqual(sent, ["a", "b"]);
});

test("an entry knows whether it was ever on the wire", () => {
  const { box, write } = outbox();
  write("a");
  assert.equal(box.entries[0].tried, false);
  box.connected();
  box.disconnected();
  assert.equal(box.entries[0].tried, true);
});

test("after a reconnect the unanswered one is sent again under its key, first", () => {
  const { box, sent, write } = outbox();
  box.connected();
  write("a");
  write("b");
  box.disconnected();
  write("c");
  box.connected();
  assert.deepEqual(sent, ["a", "a"]);
  box.acked("a");
  box.acked("b");
  assert.deepEqual(sent, ["a", "a", "b", "c"]);
});

test("a reload goes on where it was; what failed stays failed", () => {
  const { sent, box, states } = outbox([
    { key: "a", roomId: 1, body: "x", at: 0, state: "failed", reason: "no" },
    { key: "b", roomId: 1, body: "y", at: 1, state: "sending", reason: null },
  ]);
  assert.deepEqual(states(), ["a failed", "b queued"]);
  box.connected();
  assert.deepEqual(sent, ["b"]);
});

test("a passing refusal waits as long as the server says and keeps the order", () => {
  const { box, sent, write, pass, states } = outbox();
  box.connected();
  write("a");
  write("b");
  box.refused("a", { code: "rate_limited", detail: "slow down", retry_after_ms: 800 });
  assert.deepEqual(states(), ["a queued", "b queued"]);
  pass(799);
  assert.deepEqual(sent, ["a"]);
  pass(1);
  assert.deepEqual(sent, ["a", "a"]);
});

test("a lasting refusal fails the one and lets the next pass", () => {
  const { box, sent, write, states } = outbox();
  box.connected();
  write("a");
  write("b");
  box.refused("a", { code: "too_long", detail: "At most 4000 characters" });
  assert.deepEqual(states(), ["a failed", "b sending"]);
  assert.equal(box.entries[0].reason, "At most 4000 characters");
  assert.deepEqual(sent, ["a", "b"]);
});

test("a failed message is tried again under the same key, or given up", () => {
  const { box, sent, write } = outbox();
  box.connected();
  write("a");
  box.refused("a", { code: "internal" });
  box.retry("a");
  assert.deepEqual(sent, ["a", "a"]);
  box.refused("a", { code: "internal" });
  box.discard("a");
  assert.deepEqual(box.entries, []);
});

test("an ack or a refusal for an unknown key does nothing", () => {
  const { box, write, states } = outbox();
  box.connected();
  write("a");
  assert.equal(box.acked("elsewhere"), undefined);
  assert.equal(box.refused("elsewhere", { code: "internal" }), false);
  assert.deepEqual(states(), ["a sending"]);
});

test("a room that is gone fails what was meant for it", () => {
  const { box, write, states } = outbox();
  write("a", 1);
  write("b", 2);
  box.failRoom(1, "You are no longer a member of this room");
  assert.deepEqual(states(), ["a failed", "b queued"]);
});

test("after a backup was restored, a reply that was never sent becomes a message", () => {
  const { box, sent, states } = outbox();
  const quote = { seq: 7, body: "tea?" };
  box.add({ key: "a", roomId: 1, body: "yes", quote });
  box.add({ key: "b", roomId: 1, body: "more" });
  box.forgetNumbers();
  assert.deepEqual(
    box.entries.map((entry) => entry.quote),
    [undefined, undefined],
  );
  assert.deepEqual(states(), ["a queued", "b queued"]);
  box.connected();
  box.acked("a");
  assert.deepEqual(sent, ["a", "b"]);
});

test("a reply that may have arrived keeps what it answers until the server says that there is no such message", () => {
  const { box, sent, states } = outbox();
  const quote = { seq: 7, body: "tea?" };
  box.add({ key: "a", roomId: 1, body: "yes", quote });
  box.connected();
  box.disconnected();
  box.forgetNumbers();
  assert.equal(box.entries[0].quote, quote, "a known key must go with the same content");
  box.connected();
  box.refused("a", { code: "invalid", detail: "reply_to is no message of this room" });
  assert.equal(box.entries[0].quote, undefined);
  assert.deepEqual([states(), sent], [["a sending"], ["a", "a", "a"]]);
  // Any other refusal does not pass by itself.
  box.refused("a", { code: "invalid", detail: "body is too long" });
  assert.deepEqual(states(), ["a failed"]);
});
