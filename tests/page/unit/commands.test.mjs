import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import "./browser-stubs.mjs";
import { setLanguage } from "../../../static/lib/i18n.js";

const { execute } = await import("../../../static/core/commands.js");
const { dismissToast, toast } = await import("../../../static/core/toast.js");

setLanguage("en", JSON.parse(readFileSync(new URL("../../../static/lang/en.json", import.meta.url), "utf8")));

/** Executes a line and returns the text of the notice that it shows. */
async function noticeOf(t, line) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  dismissToast();
  assert.equal(await execute({ id: 1 }, line), false);
  return toast.value.text;
}

test("/msg without a name shows its usage", async (t) => {
  assert.equal(await noticeOf(t, "/msg"), "Usage: /msg @user text");
});

test("/msg with an unknown name shows that name", async (t) => {
  assert.match(await noticeOf(t, "/msg @zoe hello"), /zoe/u);
});
