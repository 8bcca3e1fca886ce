import assert from "node:assert/strict";
import { test } from "node:test";
import { bestMatches, queryAtCaret } from "../../../static/lib/completion.js";

test("what is wanted at the caret", () => {
  assert.deepEqual(queryAtCaret("hi @An"), { kind: "@", words: "an", from: 3 });
  assert.deepEqual(queryAtCaret("@"), { kind: "@", words: "", from: 0 });
  assert.deepEqual(queryAtCaret("well :sm"), { kind: ":", words: "sm", from: 5 });
  assert.deepEqual(queryAtCaret("/to"), { kind: "/", words: "to", from: 0 });
  for (const text of ["mail@host", "see :", ":)", "at 10:30", "http://x", "and /to", "/to x", "plain", "@ada "])
    assert.equal(queryAtCaret(text), null, text);
});

test("what begins so comes first, and few are offered", () => {
  const choices = ["Joanna", "Ann", "Hannah", "Bob"].map((name) => ({ names: [name] }));
  assert.deepEqual(
    bestMatches(choices, "ann").map(({ names: [name] }) => name),
    ["Ann", "Joanna", "Hannah"],
  );
  assert.deepEqual(bestMatches(choices, "x"), []);
  assert.equal(
    bestMatches(
      Array.from({ length: 20 }, () => ({ names: ["a"] })),
      "",
    ).length,
    8,
  );
});
