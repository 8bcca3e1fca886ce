import assert from "node:assert/strict";
import { test } from "node:test";
import { LEASE_MS, RENEW_MS, withLease } from "../../../static/lib/lease.js";

/** Two or more tabs with one storage and one clock that only the test moves. */
function tabs() {
  const storage = new Map();
  let time = 1_000_000;
  let timers = [];
  let names = 0;
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const runDue = async () => {
    for (let due; (due = timers.filter(({ at }) => at <= time)).length > 0;) {
      const next = due.reduce((first, timer) => (timer.at < first.at ? timer : first));
      timers = timers.filter((timer) => timer !== next);
      next.action();
      await settle();
    }
  };
  const world = {
    storage,
    /** Moves the clock in small steps, as a machine that is awake does. */
    async pass(ms) {
      await settle();
      for (let left = ms; left > 0; left -= 10) {
        time += Math.min(10, left);
        await runDue();
      }
    },
    /** Moves the clock at once, as a machine does that slept: every timer is late. */
    async sleep(ms) {
      await settle();
      time += ms;
      await runDue();
    },
    /** A tab: `run` takes the lease for an action that ends with `finish`; `die` stops its timers for ever. */
    tab() {
      const owner = `tab ${(names += 1)}`;
      let finish;
      const promise = new Promise((resolve) => (finish = resolve));
      const tab = { owner, running: false, finish };
      const action = async () => {
        tab.running = true;
        await promise;
        tab.running = false;
        if (tab.fail) throw tab.fail;
        return owner;
      };
      tab.run = () =>
        withLease("turn", action, {
          owner,
          read: (key) => storage.get(key) ?? null,
          write: (key, value) => storage.set(key, value),
          remove: (key) => storage.delete(key),
          now: () => time,
          random: () => 0.5,
          setTimeout: (act, delay) => {
            const timer = { owner, action: act, at: time + delay };
            timers.push(timer);
            return timer;
          },
          clearTimeout: (timer) => (timers = timers.filter((other) => other !== timer)),
        });
      tab.die = () => (timers = timers.filter((timer) => timer.owner !== owner));
      return tab;
    },
  };
  return world;
}

test("a second tab waits until the first one is done, however long that takes", async () => {
  const world = tabs();
  const [first, second] = [world.tab(), world.tab()];
  const done = [first.run(), second.run()];
  await world.pass(1_000);
  assert.deepEqual([first.running, second.running].sort(), [false, true]);
  const [holder, waiter] = first.running ? [first, second] : [second, first];
  await world.pass(6 * LEASE_MS);
  assert.deepEqual([holder.running, waiter.running], [true, false], "the lease was renewed");
  holder.finish();
  await world.pass(1_000);
  assert.deepEqual([holder.running, waiter.running], [false, true]);
  waiter.finish();
  await world.pass(1_000);
  assert.deepEqual((await Promise.all(done)).sort(), ["tab 1", "tab 2"]);
  assert.equal(world.storage.size, 0, "nothing is left behind");
});

test("the lease of a tab that is gone is taken over after its end", async () => {
  const world = tabs();
  const [gone, next] = [world.tab(), world.tab()];
  void gone.run();
  await world.pass(1_000);
  assert.equal(gone.running, true);
  gone.die();
  void next.run();
  await world.pass(LEASE_MS - RENEW_MS - 1_000);
  assert.equal(next.running, false, "it may still be there");
  await world.pass(2 * RENEW_MS + 1_000);
  assert.equal(next.running, true);
});

test("after the machine slept, the holder renews before another tab takes over", async () => {
  const world = tabs();
  const [holder, waiter] = [world.tab(), world.tab()];
  void holder.run();
  await world.pass(1_000);
  void waiter.run();
  await world.pass(1_000);
  for (let night = 0; night < 3; night += 1) {
    await world.sleep(8 * 3_600_000);
    await world.pass(LEASE_MS);
    assert.deepEqual([holder.running, waiter.running], [true, false]);
  }
});

test("a tab that lost the lease leaves that of the other one alone", async () => {
  const world = tabs();
  const late = world.tab();
  const done = late.run();
  await world.pass(1_000);
  const other = { owner: "another tab", until: Infinity, beat: 1 };
  world.storage.set("turn", other);
  await world.pass(2 * LEASE_MS);
  assert.equal(world.storage.get("turn"), other, "not renewed over it");
  late.finish();
  await world.pass(100);
  await done;
  assert.equal(world.storage.get("turn"), other, "not removed");
});

test("an action that fails gives the lease back", async () => {
  const world = tabs();
  const failing = world.tab();
  failing.fail = new Error("no luck");
  const refused = assert.rejects(failing.run(), /no luck/u);
  await world.pass(1_000);
  failing.finish();
  await refused;
  assert.equal(world.storage.size, 0);
});
