// The page's connection, with the browser's WebSocket, clock and session.

import { Connection } from "../lib/connection.js";
import { get, renew, renewIfDue } from "./api.js";
import { connection } from "./state.js";

/** @type {SocketHandlers} */
let handlers = { onFrame: () => {}, onPhase: () => {}, onEnded: () => {} };

/**
 * Sets the handlers of frames, phases and the session's end.
 * @param {SocketHandlers} given
 */
export const setHandlers = (given) => {
  handlers = given;
};

/**
 * Checks whether the session is valid, because a refused handshake states no reason.
 * @param {"ended" | "refused"} why
 * @returns {Promise<Verdict>}
 */
async function diagnose(why) {
  if (why === "ended") return renew(Date.now());
  try {
    await get("/api/me");
    return "ok";
  } catch (problem) {
    return /** @type {Problem} */ (problem).status === 401 ? "ended" : "unreachable";
  }
}

export const liveSocket = new Connection({
  open: () =>
    new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`, ["parlor.v1.json"]),
  prepare: renewIfDue,
  diagnose,
  onFrame: (frame) => handlers.onFrame(frame),
  onPhase: (phase, retryAt) => {
    const since = phase === "ready" ? Date.now() : connection.value.since;
    const lostAt = phase === "ready" ? null : (connection.value.lostAt ?? Date.now());
    connection.value = { phase, retryAt, since, lostAt };
    handlers.onPhase(phase, retryAt);
  },
  onEnded: () => handlers.onEnded(),
});

addEventListener("online", () => liveSocket.checkNow());
// This detects a lost network sooner than the next ping.
addEventListener("offline", () => liveSocket.probe());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") liveSocket.checkNow();
});
