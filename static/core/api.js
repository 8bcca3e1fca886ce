// Requests to the server. Cookies that no script can read hold the session.

import { Problem } from "../lib/problem.js";
import { withLock } from "./lock.js";
import { read, write } from "./storage.js";

const RENEWED_AT = "parlor.renewed_at";
/** An access cookie is valid for 15 minutes. It is renewed a little earlier. */
const FRESH_MS = 14 * 60_000;
/** After a longer wait for the lock, another tab held it. */
const LONG_WAIT_MS = 5;
const SYNC_MS = 100;
/** Statuses of a refresh that mean that the session has ended. */
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

/** Records that the cookies were set: by sign-in, sign-up or renewal. */
export const recordRenewal = () => write(RENEWED_AT, Date.now());

/** Returns whether the cookies are old or of unknown age. */
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
 * Renews the cookies, unless a tab did so after `since`.
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
    // Values stored by another tab become visible here after a moment.
    if (Date.now() - askedAt > LONG_WAIT_MS) await pause(SYNC_MS);
    if (read(RENEWED_AT, 0) > since) return "ok";
    try {
      // `keepalive` completes the request if the page is left. Otherwise the next renewal would reuse the token.
      await call("POST", "/api/auth/refresh", {}, { keepalive: true });
      recordRenewal();
      return "ok";
    } catch (problem) {
      return NO_SESSION.has(/** @type {Problem} */ (problem).status) ? "ended" : "unreachable";
    }
  }).catch(() => "unreachable");
}

/**
 * Renews the cookies if they may have expired.
 * @returns {Promise<Verdict>}
 */
export const renewIfDue = () => (renewalIsDue() ? renew(Date.now() - FRESH_MS) : Promise.resolve("ok"));

/**
 * Sends a request with the session's cookies. Renews an expired access cookie once.
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

/** Sends a request that needs no session. */
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
