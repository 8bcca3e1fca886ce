// The session of the browser, and the detection of its end.

import { anonymous, get, renewIfDue, onSessionEnd } from "./api.js";
import { server, session } from "./state.js";
import { read, remove, write } from "./storage.js";

/** Stored id of the signed-in user, so that other tabs notice a change. */
const USER = "parlor.user";

/**
 * Begins a session.
 * @param {{ user: Profile; session_id?: number | null }} answer
 */
export const beginSession = ({ user, session_id: sessionId = null }) => {
  write(USER, user.id);
  session.value = { phase: "in", user, sessionId, notice: null };
};

/** Restores the session from the cookies. */
export async function restoreSession() {
  const about = anonymous("GET", "/api/server").then(
    (value) => (server.value = value),
    () => {},
  );
  const verdict = await renewIfDue();
  if (verdict === "ok") {
    try {
      beginSession(await get("/api/me"));
      return;
    } catch (problem) {
      if (/** @type {Problem} */ (problem).status === 401) return showSignIn(about);
    }
  } else if (verdict === "ended") {
    return showSignIn(about);
  }
  session.value = { ...session.value, phase: "unreachable" };
}

/**
 * Shows the sign-in, which depends on the server's settings.
 * @param {Promise<unknown>} about
 */
async function showSignIn(about) {
  await about;
  clearSession(null);
}

/**
 * Updates fields of the signed-in user.
 * @param {Partial<Profile>} change
 */
export function updateOwnUser(change) {
  session.value = { ...session.value, user: { .../** @type {Profile} */ (session.value.user), ...change } };
}

/** Handles the end of the session. Unsent messages are kept for the next one. */
export function endSession() {
  if (session.value.phase === "in") clearSession("session.ended");
}

onSessionEnd(endSession);

/**
 * Clears the session. `notice` is the catalogue key of the reason, or null.
 * @param {string | null} notice
 */
export function clearSession(notice) {
  remove(USER);
  session.value = { phase: "out", user: null, sessionId: null, notice };
}

addEventListener("storage", ({ key }) => {
  const { phase, user } = session.value;
  if (key !== USER) return;
  const holder = read(USER);
  // Another tab signed in as another user, to whom the cookies belong now.
  if (holder !== null && holder !== user?.id) location.reload();
  else if (holder === null && phase === "in") clearSession("session.signed-out");
});
