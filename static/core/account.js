// Sign-up, sign-in, sign-out and changes of the account. Loaded by the screens that need it.

import { roomPath } from "../lib/routes.js";
import { anonymous, get, recordRenewal, patch, post, remove as erase, request } from "./api.js";
import { deleteDrafts } from "./drafts.js";
import { navigate } from "./router.js";
import { deleteOutbox } from "./sending.js";
import { beginSession, clearSession, updateOwnUser } from "./session.js";
import { me, route, server } from "./state.js";
import { remove } from "./storage.js";

/** @param {{ username: string; password: string }} values */
export async function signIn({ username, password }) {
  const answer = await anonymous("POST", "/api/auth/signin", { username, password, cookie: true });
  recordRenewal();
  leaveInvitePage();
  beginSession(answer.user ? answer : await get("/api/me"));
}

/**
 * Creates an account. A `code` joins its first room in the same step.
 * @param {{ username: string; password: string; displayName: string; code: string }} values
 */
export async function signUp({ username, password, displayName, code }) {
  const answer = await anonymous("POST", "/api/auth/signup", {
    username,
    password,
    ...(displayName ? { display_name: displayName } : {}),
    ...(code ? { code } : {}),
    cookie: true,
  });
  recordRenewal();
  if (server.value) server.value = { ...server.value, needs_first_account: false };
  if (answer.room_id) navigate(roomPath(answer.room_id), { replace: true });
  else leaveInvitePage();
  beginSession(answer);
}

/** Leaves the address of an invitation, which would ask again to join. */
function leaveInvitePage() {
  if (route.value.name === "invite") navigate("/", { replace: true });
}

/** Ends the session here and on the server, and deletes its data in this browser. */
export async function signOut() {
  const { id } = /** @type {User} */ (me.value);
  try {
    await request("POST", "/api/auth/signout", {});
  } catch (problem) {
    if (/** @type {Problem} */ (problem).status !== 401) throw problem;
  }
  clearSession("session.signed-out");
  deleteDrafts(id);
  await deleteOutbox(id);
  remove("parlor.renewed_at");
}

/** @param {string} displayName */
export async function changeDisplayName(displayName) {
  const { user } = await patch("/api/me", { display_name: displayName });
  updateOwnUser({ display_name: displayName, ...user });
}

/**
 * @param {string} current
 * @param {string} next
 */
export const changePassword = (current, next) => post("/api/auth/password", { current, new: next });

export const listSessions = async () => (await get("/api/me/sessions")).items;

/** @param {number} id */
export const revokeSession = (id) => erase(`/api/me/sessions/${id}`);
