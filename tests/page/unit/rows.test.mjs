import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { setLanguage } from "../../../static/lib/i18n.js";
import { buildRows } from "../../../static/lib/rows.js";

const catalogue = (code) =>
  JSON.parse(readFileSync(new URL(`../../../static/lang/${code}.json`, import.meta.url), "utf8"));
before(() => setLanguage("en", catalogue("en"), "en-GB"));

const ada = { id: 1, username: "ada", display_name: "Ada" };
const bob = { id: 2, username: "bob", display_name: "Bob" };

let seq = 0;
const at = (minutes, day = 9) => new Date(2026, 2, day, 12, minutes).toISOString();
const text = (author, minutes, body = "hello", day = 9) => ({
  seq: (seq += 1),
  kind: "text",
  author,
  body,
  created_at: at(minutes, day),
});
const system = (author, type, minutes = 0) => ({
  seq: (seq += 1),
  kind: "system",
  author,
  body: `${author.username} ${type}`,
  event: { type },
  created_at: at(minutes),
});

/** The rows in a form that reads: `day`, `ADA` for a first message, `ada` for a later one. */
const shape = (rows) =>
  rows.map((row) => {
    if (row.type === "system") return row.text;
    const { author } = row.message ?? {};
    return author ? (row.first ? author.display_name.toUpperCase() : author.username) : row.type;
  });

test("messages of one author within five minutes are one group", () => {
  const rows = buildRows({
    messages: [text(ada, 0), text(ada, 4), text(ada, 8), text(ada, 13), text(bob, 13), text(ada, 14)],
  });
  assert.deepEqual(shape(rows), ["day", "ADA", "ada", "ada", "ADA", "BOB", "ADA"]);
});

test("a new local day has a separator and begins a new group", () => {
  const rows = buildRows({ messages: [text(ada, 719, "late", 9), text(ada, 0, "early", 10)] });
  assert.deepEqual(shape(rows), ["day", "ADA", "day", "ADA"]);
});

test("arrivals and departures are condensed, other events are not", () => {
  const rows = buildRows({
    messages: [
      system(ada, "joined"),
      system(bob, "joined"),
      system(bob, "left"),
      system(ada, "locked"),
      system(ada, "locked"),
    ],
  });
  assert.deepEqual(shape(rows), [
    "day",
    "Ada and Bob joined",
    "Bob left",
    "Ada locked the room",
    "Ada locked the room",
  ]);
});

test("somebody who comes and goes is named once", () => {
  const rows = buildRows({ messages: [system(ada, "joined"), system(ada, "joined")] });
  assert.deepEqual(shape(rows), ["day", "Ada joined"]);
});

test("the divider stands before the first unread message, and not before a system line", () => {
  const messages = [text(ada, 0), system(bob, "joined"), text(bob, 1)];
  const rows = buildRows({ messages, unreadAfter: messages[0].seq });
  assert.deepEqual(shape(rows), ["day", "ADA", "Bob joined", "unread", "BOB"]);
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

test("the room speaks the reader's language", () => {
  const said = (event) =>
    buildRows({
      messages: [{ seq: 1, kind: "system", author: ada, body: "as the server says it", event, created_at: at(0) }],
    }).at(-1).text;
  assert.equal(said({ type: "kicked", username: "bob" }), "Ada removed bob");
  assert.equal(said({ type: "topic", topic: "" }), "Ada cleared the topic");
  assert.equal(said({ type: "slow_mode", seconds: 30 }), "Ada turned slow mode on: one message every 30 s");
  assert.equal(said({ type: "of a newer server" }), "as the server says it");
  setLanguage("de", catalogue("de"));
  assert.equal(said({ type: "renamed", name: "Küche" }), "Ada hat den Raum in Küche umbenannt");
  assert.equal(said({ type: "joined" }), "Ada ist beigetreten");
  setLanguage("en", catalogue("en"), "en-GB");
});
