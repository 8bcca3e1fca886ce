import assert from "node:assert/strict";
import { test } from "node:test";
import { Timeline } from "../../../static/lib/timeline.js";

const message = (seq, rev = seq, body = `message ${seq}`) => ({ seq, rev, body });
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
const page = (items, head, more = {}) => ({ items, head, has_before: false, has_after: false, ...more });
const seqs = (timeline) => timeline.list().map(({ seq }) => seq);

/** A room with messages 1 to `count`, all of them shown. */
function shown(count) {
  const timeline = new Timeline();
  timeline.updateHead({ seq: count, rev: count });
  timeline.show(page(range(1, count), { seq: count, rev: count }));
  return timeline;
}

test("the next change is applied", () => {
  const timeline = shown(3);
  assert.equal(timeline.receive(message(4)), "applied");
  assert.deepEqual(seqs(timeline), [1, 2, 3, 4]);
  assert.equal(timeline.rev, 4);
});

test("a change that was seen before changes nothing", () => {
  const timeline = shown(3);
  assert.equal(timeline.receive(message(2, 2, "an old body")), "known");
  assert.equal(timeline.get(2).body, "message 2");
});

test("an edit takes the next rev and the old place", () => {
  const timeline = shown(3);
  assert.equal(timeline.receive(message(2, 4, "better")), "applied");
  assert.deepEqual(seqs(timeline), [1, 2, 3]);
  assert.equal(timeline.get(2).body, "better");
});

test("a jump in rev is a gap until a sync fills it", () => {
  const timeline = shown(3);
  assert.equal(timeline.receive(message(6)), "gap");
  assert.deepEqual(seqs(timeline), [1, 2, 3], "nothing is shown across a hole");
  timeline.startSync();
  assert.equal(timeline.rev, 3, "the sync asks from what is surely known");
  for (const missed of range(4, 6)) assert.equal(timeline.receive(missed), "replayed");
  assert.equal(timeline.endSync({ seq: 6, rev: 6 }), true);
  assert.deepEqual(seqs(timeline), [1, 2, 3, 4, 5, 6]);
  assert.equal(timeline.rev, 6);
});

test("a replay skips revs that were overtaken, and comes out of seq order", () => {
  const timeline = shown(2);
  timeline.startSync();
  // Message 3 was posted (rev 3), 4 was posted (rev 4), then 3 was edited (rev 5).
  timeline.receive(message(4, 4));
  timeline.receive(message(3, 5, "edited"));
  assert.equal(timeline.endSync({ seq: 4, rev: 5 }), true);
  assert.deepEqual(seqs(timeline), [1, 2, 3, 4]);
  assert.equal(timeline.rev, 5);
});

test("live changes during a sync are counted when it ends", () => {
  const timeline = shown(1);
  timeline.startSync();
  timeline.receive(message(2));
  timeline.receive(message(3));
  assert.equal(timeline.endSync({ seq: 2, rev: 2 }), true);
  assert.equal(timeline.rev, 3);
  assert.equal(timeline.receive(message(4)), "applied");
});

test("a sync that leaves a hole says so", () => {
  const timeline = shown(1);
  timeline.startSync();
  timeline.receive(message(2));
  timeline.receive(message(5));
  assert.equal(timeline.endSync({ seq: 2, rev: 2 }), false);
  assert.equal(timeline.rev, 2);
});

test("a sync that the connection cut short proves nothing", () => {
  const timeline = shown(1);
  timeline.startSync();
  timeline.receive(message(3));
  timeline.dropSync();
  assert.equal(timeline.rev, 1);
  assert.equal(timeline.updateHead({ seq: 3, rev: 3 }), true);
});

test("what arrives while the first page loads is neither lost nor doubled", () => {
  const timeline = new Timeline();
  timeline.updateHead({ seq: 2, rev: 2 });
  timeline.loading = true;
  timeline.receive(message(3));
  timeline.receive(message(1, 4, "edited meanwhile"));
  timeline.show(page(range(1, 2), { seq: 2, rev: 2 }));
  assert.deepEqual(seqs(timeline), [1, 2, 3]);
  assert.equal(timeline.get(1).body, "edited meanwhile");
});

test("a room that was never opened keeps no messages, but counts", () => {
  const timeline = new Timeline();
  timeline.updateHead({ seq: 7, rev: 9 });
  assert.equal(timeline.receive(message(8, 10)), "applied");
  assert.equal(timeline.size, 0);
  assert.equal(timeline.headSeq, 8);
});

test("older pages join at the start", () => {
  const timeline = new Timeline();
  timeline.show(page(range(51, 100), { seq: 100, rev: 100 }, { has_before: true }));
  timeline.prepend(page(range(1, 50)));
  assert.equal(timeline.size, 100);
  assert.deepEqual(
    seqs(timeline),
    range(1, 100).map(({ seq }) => seq),
  );
  assert.equal(timeline.hasBefore, false);
});

test("a page that does not touch the window is dropped", () => {
  const timeline = new Timeline();
  timeline.show(page(range(51, 60), { seq: 60, rev: 60 }, { has_before: true }));
  timeline.prepend(page(range(1, 10)));
  assert.deepEqual(
    seqs(timeline),
    range(51, 60).map(({ seq }) => seq),
  );
});

test("a window in the past takes no new messages, and reaches the present page by page", () => {
  const timeline = new Timeline();
  timeline.updateHead({ seq: 100, rev: 100 });
  timeline.show(page(range(1, 50), { seq: 100, rev: 100 }, { has_after: true }));
  assert.equal(timeline.receive(message(101)), "applied");
  assert.equal(timeline.hi, 50);
  timeline.append(page(range(51, 100)));
  assert.equal(timeline.hasAfter, true, "message 101 is still to be loaded");
  timeline.append(page([message(101)]));
  assert.equal(timeline.hasAfter, false);
  assert.equal(timeline.receive(message(102)), "applied");
  assert.equal(timeline.hi, 102);
});

test("the window forgets at either end", () => {
  const timeline = shown(10);
  timeline.trimStart(6);
  assert.deepEqual([timeline.lo, timeline.hi, timeline.hasBefore], [5, 10, true]);
  timeline.trimEnd(4);
  assert.deepEqual([timeline.lo, timeline.hi, timeline.hasAfter], [5, 8, true]);
  timeline.receive(message(11));
  assert.equal(timeline.hi, 8);
});

test("a forgotten room starts again", () => {
  const timeline = shown(10);
  timeline.forget();
  assert.equal(timeline.loaded, false);
  assert.deepEqual(timeline.list(), []);
  assert.equal(timeline.rev, 10);
});

test("the list is the same array until something changes", () => {
  const timeline = shown(3);
  const list = timeline.list();
  timeline.receive(message(2));
  assert.equal(timeline.list(), list);
  timeline.receive(message(4));
  assert.notEqual(timeline.list(), list);
});

test("an empty room shows its first message", () => {
  const timeline = new Timeline();
  timeline.updateHead({ seq: 0, rev: 0 });
  timeline.show(page([], { seq: 0, rev: 0 }));
  timeline.receive(message(1));
  assert.deepEqual(seqs(timeline), [1]);
});

test("a head behind what was seen is noticed", () => {
  const timeline = shown(3);
  assert.equal(timeline.isAheadOf({ seq: 3, rev: 3 }), false);
  assert.equal(timeline.isAheadOf({ seq: 9, rev: 9 }), false);
  assert.equal(timeline.isAheadOf({ seq: 3, rev: 2 }), true);
  assert.equal(timeline.isAheadOf({ seq: 2, rev: 9 }), true);
  assert.equal(new Timeline().isAheadOf({ seq: 0, rev: 0 }), false, "of a room that is new here nothing was seen");
});
