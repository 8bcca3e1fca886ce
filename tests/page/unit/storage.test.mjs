import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { keysWithPrefix, read, remove, write } from "../../../static/core/storage.js";

const original = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
afterEach(() => {
  remove("draft.1");
  if (original) Object.defineProperty(globalThis, "localStorage", original);
  else delete globalThis.localStorage;
});

/** Replaces `localStorage` with an object whose own keys are the stored keys. */
function useStorage(methods, stored = {}) {
  const storage = Object.create(methods);
  Object.assign(storage, stored);
  Object.defineProperty(globalThis, "localStorage", { configurable: true, value: storage });
}

const refuse = () => {
  throw new Error("QuotaExceededError");
};

test("keysWithPrefix lists stored keys and keys held in memory while the storage is full", () => {
  useStorage({ getItem: () => null, setItem: refuse, removeItem() {} }, { "draft.2": "2", other: "3" });
  assert.equal(write("draft.1", "text"), false);
  assert.deepEqual(keysWithPrefix("draft.").sort(), ["draft.1", "draft.2"]);
});

test("keysWithPrefix lists a key once that is both stored and held in memory", () => {
  useStorage({ getItem: () => null, setItem: refuse, removeItem() {} }, { "draft.1": "1" });
  write("draft.1", "text");
  assert.deepEqual(keysWithPrefix("draft."), ["draft.1"]);
});

test("values held in memory can be read and listed while access to the storage is denied", () => {
  Object.defineProperty(globalThis, "localStorage", { configurable: true, get: refuse });
  write("draft.1", "text");
  assert.equal(read("draft.1"), "text");
  assert.deepEqual(keysWithPrefix("draft."), ["draft.1"]);
});
