import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { setLanguage } from "../../../static/lib/i18n.js";
import { transcript } from "../../../static/lib/transcript.js";

before(() =>
  setLanguage(
    "en",
    JSON.parse(readFileSync(new URL("../../../static/lang/en.json", import.meta.url), "utf8")),
    "en-GB",
  ),
);

const at = (day, minutes) => new Date(2026, 2, day, 10, minutes).toISOString();
const ada = { display_name: "Ada" };
const now = new Date(2026, 2, 9, 12).getTime();

test("messages become lines that say who and when", () => {
  const messages = [
    { author: ada, body: "Milk or **lemon**?\nOr both?", created_at: at(9, 58) },
    { author: { username: "bob" }, body: "/me thinks", created_at: at(9, 59) },
    { author: null, body: "", files: [{ name: "tea.png" }, { name: "cup.txt" }], created_at: at(9, 59) },
    { author: ada, body: "", deleted_at: at(9, 59), created_at: at(9, 59) },
    undefined,
  ];
  assert.equal(
    transcript(messages, now),
    "[10:58] Ada: Milk or **lemon**?\nOr both?\n[10:59] * bob thinks\n[10:59] Deleted user: <tea.png> <cup.txt>",
  );
});

test("days stand above their messages where there are several", () => {
  const messages = [
    { author: ada, body: "one", created_at: at(8, 1) },
    { author: ada, body: "two", created_at: at(8, 2) },
    { author: ada, body: "three", created_at: at(9, 3) },
  ];
  assert.equal(transcript(messages, now), "Yesterday\n[10:01] Ada: one\n[10:02] Ada: two\n\nToday\n[10:03] Ada: three");
});
