// Calls to the server. The session lives in cookies that no script can read.

import { Problem } from "../lib/problem.js";
import { withLock } from "./lock.js";
import { read, write } from "./storage.js";

const RENEWED_AT = "parlor.renewed_at";
/** An access cookie lives 15 minutes; it is renewed a little earlier. */
const FRESH_MS = 14 * 60_000;
/** Having waited so long for the turn, another tab had it before. */
const LONG_WAIT_MS = 5;
const SYNC_MS = 100;
/** Answers to a refresh that mean that there is no session to renew. */
const NO_SESSION = new Set([400, 401, 403, 422]);

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let onEnded = () => {};

/**
 * Sets the handler for the end of the session.
 * @param {() => void} listener
 */
export const onSessionEnd = (listener) => {
  onEnded = listener;
};

/** The cookies were just set: by signing in, signing up or renewing. */
export const recordRenewal = () => write(RENEWED_AT, Date.now());

/** The session's cookies are known to be too old, or not known at all. */
export const renewalIsDue = () => Date.now() - read(RENEWED_AT, 0) > FRESH_MS;

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {{ keepalive?: boolean }} [options]
 * @returns {Promise<Json>}
 */
async function call(method, path, body, { keepalive = false } = {}) {
  /** @type {RequestInit & { headers: Record<string, string> }} */
  const init = {
    method,
    headers: { accept: "application/json" },
    credentials: "same-origin",
    cache: "no-store",
    keepalive,
  };
  if (body !== undefined) {
    init.headers["content-type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, init);
  } catch {
    throw Problem.network();
  }
  if (!response.ok) throw await Problem.from(response);
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch {
    throw Problem.network();
  }
}

/**
 * New cookies, unless some tab got them after `since`.
 *
 * A refresh token is good once, and using it twice ends the session, so the tabs take turns
 * and each first looks whether the one before it has done the work.
 * `"ok"`, `"ended"` or `"unreachable"`.
 * @param {number} since
 * @returns {Promise<Verdict>}
 */
export function renew(since) {
  const askedAt = Date.now();
  return withLock("parlor.renew", async () => {
    // Storage written by another tab takes a moment to be visible here.
    if (Date.now() - askedAt > LONG_WAIT_MS) await pause(SYNC_MS);
    if (read(RENEWED_AT, 0) > since) return "ok";
    try {
      // Were the answer lost with a page that is being left, the next use would be a reuse.
      await call("POST", "/api/auth/refresh", {}, { keepalive: true });
      recordRenewal();
      return "ok";
    } catch (problem) {
      return NO_SESSION.has(/** @type {Problem} */ (problem).status) ? "ended" : "unreachable";
    }
  }).catch(() => "unreachable");
}

/**
 * Renews the cookies when they could be too old.
 * @returns {Promise<Verdict>}
 */
export const renewIfDue = () => (renewalIsDue() ? renew(Date.now() - FRESH_MS) : Promise.resolve("ok"));

/**
 * A call with the session's cookies; an expired access cookie is renewed once on the way.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 */
export async function request(method, path, body) {
  const startedAt = Date.now();
  try {
    return await call(method, path, body);
  } catch (error) {
    const problem = /** @type {Problem} */ (error);
    if (problem.status !== 401 || problem.code === "bad_credentials") throw problem;
    const verdict = await renew(startedAt);
    if (verdict === "unreachable") throw Problem.network();
    if (verdict === "ended") {
      onEnded();
      throw problem;
    }
    return call(method, path, body);
  }
}

/** A call that needs no session. */
export const anonymous = call;

/** @param {string} path */
export const get = (path) => request("GET", path);
/**
 * @param {string} path
 * @param {unknown} body
 */
export const post = (path, body = {}) => request("POST", path, body);
/**
 * @param {string} path
 * @param {unknown} body
 */
export const patch = (path, body) => request("PATCH", path, body);
/**
 * @param {string} path
 * @param {unknown} body
 */
export const put = (path, body = {}) => request("PUT", path, body);
/**
 * @param {string} path
 * @param {unknown} [body]
 */
export const remove = (path, body) => request("DELETE", path, body);
