import assert from "node:assert/strict";
import { test } from "node:test";
import { buildRows } from "../../../static/lib/rows.js";

const ada = { id: 1, username: "ada", display_name: "Ada" };
const bob = { id: 2, username: "bob", display_name: "Bob" };

let seq = 0;
const at = (minutes, day = 9) => new Date(2026, 2, day, 12, minutes).toISOString();
const text = (author, minutes, body = "hello", day = 9) => ({ seq: (seq += 1), kind: "text", author, body, created_at: at(minutes, day) });
const system = (author, type, minutes = 0) => ({ seq: (seq += 1), kind: "system", author, body: `${author.username} ${type}`, event: { type }, created_at: at(minutes) });

/** The rows in a form that reads: `day`, `ADA` for a first message, `ada` for a later one. */
const shape = (rows) =>
  rows.map((row) => {
    if (row.type === "system") return row.text;
    const { author } = row.message ?? {};
    return author ? (row.first ? author.display_name.toUpperCase() : author.username) : row.type;
  });

test("messages of one author within five minutes are one group", () => {
  const rows = buildRows({ messages: [text(ada, 0), text(ada, 4), text(ada, 8), text(ada, 13), text(bob, 13), text(ada, 14)] });
  assert.deepEqual(shape(rows), ["day", "ADA", "ada", "ada", "ADA", "BOB", "ADA"]);
});

test("a new local day has a separator and begins a new group", () => {
  const rows = buildRows({ messages: [text(ada, 719, "late", 9), text(ada, 0, "early", 10)] });
  assert.deepEqual(shape(rows), ["day", "ADA", "day", "ADA"]);
});

test("arrivals and departures are condensed, other events are not", () => {
  const rows = buildRows({ messages: [system(ada, "joined"), system(bob, "joined"), system(bob, "left"), system(ada, "renamed"), system(ada, "renamed")] });
  assert.deepEqual(shape(rows), ["day", "Ada and Bob joined", "bob left", "ada renamed", "ada renamed"]);
});

test("somebody who comes and goes is named once", () => {
  const rows = buildRows({ messages: [system(ada, "joined"), system(ada, "joined")] });
  assert.deepEqual(shape(rows), ["day", "Ada joined"]);
});

test("the divider stands before the first unread message, and not before a system line", () => {
  const messages = [text(ada, 0), system(bob, "joined"), text(bob, 1)];
  const rows = buildRows({ messages, dividerAfter: messages[0].seq });
  assert.deepEqual(shape(rows), ["day", "ADA", "bob joined", "unread", "BOB"]);
});

test("an action stands alone", () => {
  const rows = buildRows({ messages: [text(ada, 0), text(ada, 1, "/me waves"), text(ada, 2)] });
  assert.deepEqual(shape(rows), ["day", "ADA", "ADA", "ADA"]);
  assert.equal(rows[2].action, "waves");
});

test("what is on its way stands at the end, in its author's group", () => {
  const entry = { key: "k1", body: "soon", at: Date.parse(at(1)), state: "queued" };
  const rows = buildRows({ messages: [text(ada, 0)], pending: [entry], me: ada });
  assert.deepEqual(shape(rows), ["day", "ADA", "ada"]);
  assert.equal(rows.at(-1).key, "kk1");
});

test("a deleted message is no action", () => {
  const rows = buildRows({ messages: [{ ...text(ada, 0, ""), deleted_at: at(1) }] });
  assert.equal(rows[1].action, null);
});
