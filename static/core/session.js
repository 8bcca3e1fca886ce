// Signing up, in and out, and noticing that a session is over.

import { roomPath } from "../lib/routes.js";
import { anonymous, get, markRenewed, patch, post, remove as erase, renewIfDue, request, whenSessionEnds } from "./api.js";
import { navigate } from "./router.js";
import { route, server, session } from "./state.js";
import { keysWith, read, remove, write } from "./storage.js";

/** Whose session the browser holds, so that other tabs notice a change. */
const USER = "parlor.user";

const enter = ({ user, session_id: sessionId = null }) => {
  write(USER, user.id);
  session.value = { phase: "in", user, sessionId, notice: null };
};

/** Finds out whether the browser still holds a session. */
export async function start() {
  void anonymous("GET", "/api/server").then((value) => (server.value = value), () => {});
  const verdict = await renewIfDue();
  if (verdict === "ok") {
    try {
      enter(await get("/api/me"));
      return;
    } catch (problem) {
      if (problem.status === 401) return leave(null);
    }
  } else if (verdict === "ended") {
    return leave(null);
  }
  session.value = { ...session.value, phase: "unreachable" };
}

export async function signIn({ username, password }) {
  const answer = await anonymous("POST", "/api/auth/signin", { username, password, cookie: true });
  markRenewed();
  leaveInvitation();
  enter(answer.user ? answer : await get("/api/me"));
}

/** With a `code`, the account and its first room are one step. */
export async function signUp({ username, password, displayName, code }) {
  const answer = await anonymous("POST", "/api/auth/signup", {
    username,
    password,
    ...(displayName ? { display_name: displayName } : {}),
    ...(code ? { code } : {}),
    cookie: true,
  });
  markRenewed();
  if (server.value) server.value = { ...server.value, needs_first_account: false };
  if (answer.room_id) navigate(roomPath(answer.room_id), { replace: true });
  else leaveInvitation();
  enter(answer);
}

/** The invitation was answered by coming in; left at its address, the page would ask once more. */
function leaveInvitation() {
  if (route.value.name === "invite") navigate("/", { replace: true });
}

/** Ends the session here and on the server, and forgets what this browser kept of it. */
export async function signOut() {
  const { user } = session.value;
  try {
    await request("POST", "/api/auth/signout", {});
  } catch (problem) {
    if (problem.status !== 401) throw problem;
  }
  leave("session.signed-out");
  for (const prefix of [`parlor.outbox.${user.id}.`, `parlor.draft.${user.id}.`]) keysWith(prefix).forEach(remove);
  remove("parlor.renewed_at");
}

/** The server no longer knows the session. Unsent messages are kept for the next one. */
export function endSession() {
  if (session.value.phase === "in") leave("session.ended");
}

whenSessionEnds(endSession);

function leave(notice) {
  remove(USER);
  session.value = { phase: "out", user: null, sessionId: null, notice };
}

addEventListener("storage", ({ key }) => {
  const { phase, user } = session.value;
  if (key !== USER) return;
  const holder = read(USER);
  // Another tab signed in as somebody else: the cookies are theirs now.
  if (holder !== null && holder !== user?.id) location.reload();
  else if (holder === null && phase === "in") leave("session.signed-out");
});

export async function rename(displayName) {
  const { user } = await patch("/api/me", { display_name: displayName });
  session.value = { ...session.value, user: { ...session.value.user, display_name: displayName, ...user } };
}

export const changePassword = (current, next) => post("/api/auth/password", { current, new: next });

export const listSessions = async () => (await get("/api/me/sessions")).items;

export const revokeSession = (id) => erase(`/api/me/sessions/${id}`);
