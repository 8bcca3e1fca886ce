import assert from "node:assert/strict";
import { test } from "node:test";
import { commandOf, nearestCommand, withCommand } from "../../../static/lib/command-line.js";

const NAMES = ["me", "msg", "topic", "invite", "who", "help"];

test("a line that begins with a slash and a letter asks for a command", () => {
  assert.deepEqual(commandOf("/msg @ada  hello\nthere"), { name: "msg", rest: "@ada  hello\nthere" });
  assert.deepEqual(commandOf("/WHO"), { name: "who", rest: "" });
  assert.deepEqual(commandOf("/msg@ada hello"), { name: "msg@ada", rest: "hello" });
  assert.deepEqual(commandOf("/usr/bin is there"), { name: "usr/bin", rest: "is there" });
  assert.deepEqual(commandOf("/über"), { name: "über", rest: "" });
  for (const text of ["hello /msg", "/", "/ msg", "//msg", "/-o", " /msg", ""])
    assert.equal(commandOf(text), null, text);
});

test("the command that a mistyped one may mean", () => {
  for (const [typed, meant] of [
    ["mgs", "msg"],
    ["msgs", "msg"],
    ["msg@ada", "msg"],
    ["tpoic", "topic"],
    ["topik", "topic"],
    ["invtie", "invite"],
    ["hwo", "who"],
    ["hlp", "help"],
  ]) {
    assert.equal(nearestCommand(typed, NAMES), meant, typed);
  }
  for (const typed of ["usr/bin", "x", "deploy", "quit", "-"]) assert.equal(nearestCommand(typed, NAMES), null, typed);
  assert.equal(nearestCommand("msg", []), null);
});

test("another command takes the place of the mistyped one", () => {
  assert.equal(withCommand("/mgs @ada the offer", "msg"), "/msg @ada the offer");
  assert.equal(withCommand("/msg@ada the offer", "msg"), "/msg @ada the offer");
  assert.equal(withCommand("/invit", "invite"), "/invite ");
  assert.equal(withCommand("/mgs @ada\n/mgs", "msg"), "/msg @ada\n/mgs");
});
