// A browser for modules of static/core under Node: storage, history, events of the window, and a server that a test
// programs. Each test file runs in its own process.

import "./browser-stubs.mjs";
import { readFileSync } from "node:fs";
import { setLanguage } from "../../../static/lib/i18n.js";

setLanguage("en", JSON.parse(readFileSync(new URL("../../../static/lang/en.json", import.meta.url), "utf8")));

/** Values of `localStorage`. */
export const stored = new Map();
const methods = {
  getItem: (key) => stored.get(key) ?? null,
  setItem: (key, value) => stored.set(key, String(value)),
  removeItem: (key) => stored.delete(key),
};
globalThis.localStorage = new Proxy(methods, { ownKeys: () => [...stored.keys()], getOwnPropertyDescriptor: keyOf });
globalThis.sessionStorage = { ...methods, getItem: () => null, setItem() {} };

function keyOf(_, key) {
  return stored.has(key) ? { value: stored.get(key), enumerable: true, configurable: true } : undefined;
}

/** Listeners of the window, by event. */
const listeners = new Map();
globalThis.addEventListener = (name, listener) => listeners.set(name, [...(listeners.get(name) ?? []), listener]);

/** Dispatches an event of the window, such as `storage`. */
export function dispatch(name, event = {}) {
  const known = listeners.get(name) ?? [];
  if (known.length === 0) throw new Error(`no module listens to ${name}`);
  for (const listener of known) listener(event);
}

/** Addresses that the page pushed or replaced. */
export const visited = [];
globalThis.history = {
  pushState: (_, __, path) => visited.push(["push", path]),
  replaceState: (_, __, path) => visited.push(["replace", path]),
};

/** Requests that reached the server, as `{method, path, body}`. */
export const requests = [];
let answer = () => undefined;

/**
 * Sets the server. It gets `{method, path, body}` and returns `{status, body}`, a body for 200, or null for 204. It
 * throws if the network is down.
 */
export function serve(handler) {
  requests.length = 0;
  answer = handler;
}

globalThis.fetch = async (path, { method = "GET", body } = {}) => {
  const request = { method, path: String(path), body: body === undefined ? undefined : JSON.parse(body) };
  requests.push(request);
  const given = await answer(request);
  if (given === undefined) throw new Error(`unexpected request: ${method} ${path}`);
  if (given === null) return new Response(null, { status: 204 });
  const { status = 200, body: content = given } = "status" in given ? given : {};
  return Response.json(content, { status });
};

/** Refusal of the server. */
export const refusal = (status, code = "unauthorized") => ({ status, body: { status, code, title: code } });

/** Waits until all settled promises have had their effect. */
export async function settle() {
  for (let rounds = 0; rounds < 20; rounds += 1) await null;
}
