import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection, PING_MS } from "../../../static/lib/connection.js";

/** A connection whose sockets, clock and session belong to the test. */
function connection({ prepare = async () => "ok", diagnose = async () => "ok" } = {}) {
  const sockets = [];
  const timers = new Map();
  const log = { phases: [], frames: [], ended: 0, diagnosed: [] };
  let time = 0;
  let timerId = 0;
  const kept = new Connection({
    open: () => {
      const socket = {
        sent: [],
        closed: false,
        send: (text) => socket.sent.push(JSON.parse(text)),
        close: () => (socket.closed = true),
      };
      sockets.push(socket);
      return socket;
    },
    prepare,
    diagnose: (why) => {
      log.diagnosed.push(why);
      return diagnose(why);
    },
    onFrame: (frame) => log.frames.push(frame),
    onPhase: (phase) => log.phases.push(phase),
    onEnded: () => (log.ended += 1),
    now: () => time,
    random: () => 0.5,
    setTimeout: (action, delay) => {
      timerId += 1;
      timers.set(timerId, { action, at: time + delay });
      return timerId;
    },
    clearTimeout: (id) => timers.delete(id),
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const pass = async (ms) => {
    const until = time + ms;
    for (;;) {
      const due = [...timers].filter(([, timer]) => timer.at <= until).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      timers.delete(due[0]);
      time = due[1].at;
      due[1].action();
      await settle();
    }
    time = until;
    await settle();
  };
  const hear = (frame) => sockets.at(-1).onmessage({ data: JSON.stringify(frame) });
  const close = async (code) => {
    sockets.at(-1).onclose({ code });
    await settle();
  };
  const begin = async () => {
    kept.start();
    await settle();
    hear({ type: "ready", rooms: [] });
  };
  return { kept, sockets, log, pass, hear, close, begin, settle };
}

test("it is ready with the first frame and sends from then on", async () => {
  const { kept, sockets, log, settle, hear } = connection();
  kept.start();
  await settle();
  assert.equal(kept.send({ type: "ping" }), false);
  hear({ type: "ready", rooms: [] });
  assert.deepEqual(log.phases, ["connecting", "ready"]);
  assert.equal(kept.send({ type: "read" }), true);
  assert.deepEqual(sockets[0].sent, [{ type: "read" }]);
});

test("a lost connection is tried again with growing pauses", async () => {
  const { kept, sockets, pass, close, begin } = connection({ diagnose: async () => "unreachable" });
  await begin();
  await close(1006);
  assert.equal(kept.phase, "waiting");
  const pauses = [];
  for (let attempt = 0; attempt < 7; attempt += 1) {
    pauses.push(kept.retryAt);
    await pass(kept.retryAt - (pauses.previous ?? 0));
    pauses.previous = pauses.at(-1);
    await close(1006);
  }
  const deltas = pauses.map((at, index) => at - (pauses[index - 1] ?? 0));
  assert.deepEqual(deltas, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  assert.equal(sockets.length, 8);
});

test("a draining server says when to come back", async () => {
  const { kept, sockets, pass, hear, close, begin } = connection();
  await begin();
  hear({ type: "bye", reason: "draining", retry_in_ms: 1_870 });
  await close(1012);
  assert.equal(kept.phase, "waiting");
  await pass(1_869);
  assert.equal(sockets.length, 1);
  await pass(1);
  assert.equal(sockets.length, 2);
});

test("a session that is over ends it", async () => {
  const { kept, log, close, begin } = connection({ diagnose: async () => "ended" });
  await begin();
  await close(4401);
  assert.deepEqual(log.diagnosed, ["ended"]);
  assert.equal(kept.phase, "ended");
  assert.equal(log.ended, 1);
});

test("a session that could be renewed goes on", async () => {
  const { kept, sockets, close, begin, pass } = connection();
  await begin();
  await close(4401);
  assert.equal(kept.phase, "waiting");
  await pass(1_000);
  assert.equal(sockets.length, 2);
});

test("a refused handshake asks why", async () => {
  const { kept, log, settle, close } = connection({ diagnose: async () => "ended" });
  kept.start();
  await settle();
  await close(1006);
  assert.deepEqual(log.diagnosed, ["refused"]);
  assert.equal(log.ended, 1);
});

test("it does not open a socket for a session that is over", async () => {
  const { kept, sockets, log, settle } = connection({ prepare: async () => "ended" });
  kept.start();
  await settle();
  assert.equal(sockets.length, 0);
  assert.equal(log.ended, 1);
});

test("a half-open socket is noticed by a ping without an answer, and replaced at once", async () => {
  const { kept, sockets, pass, begin } = connection();
  await begin();
  await pass(PING_MS);
  assert.deepEqual(sockets[0].sent, [{ type: "ping" }]);
  await pass(10_000);
  assert.equal(sockets[0].closed, true);
  assert.equal(sockets.length, 2);
  assert.equal(kept.phase, "connecting");
});

test("an answered ping keeps it", async () => {
  const { kept, sockets, pass, hear, begin } = connection();
  await begin();
  for (let round = 0; round < 4; round += 1) {
    await pass(PING_MS);
    hear({ type: "pong" });
  }
  assert.equal(sockets.length, 1);
  assert.equal(kept.phase, "ready");
});

test("a checkNow tries at once, or asks an open socket to prove itself", async () => {
  const { kept, sockets, pass, close, begin, settle, hear } = connection();
  await begin();
  await close(1006);
  kept.checkNow();
  await settle();
  assert.equal(sockets.length, 2);
  hear({ type: "ready", rooms: [] });
  kept.checkNow();
  assert.deepEqual(sockets[1].sent, [{ type: "ping" }]);
  await pass(3_000);
  assert.equal(sockets.length, 3);
});

test("a server that never says ready is given up", async () => {
  const { kept, sockets, pass, settle } = connection();
  kept.start();
  await settle();
  await pass(15_000);
  assert.equal(sockets[0].closed, true);
  assert.equal(kept.phase, "waiting");
});

test("after a stop nothing comes back", async () => {
  const { kept, sockets, pass, begin } = connection();
  await begin();
  kept.stop();
  await pass(120_000);
  assert.equal(sockets.length, 1);
  assert.equal(kept.phase, "idle");
});
