import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { dispatch, refusal, serve, stored } from "./fake-browser.mjs";

const { beginSession, clearSession, endSession, restoreSession, updateOwnUser } =
  await import("../../../static/core/session.js");
const { me, server, session } = await import("../../../static/core/state.js");

const ADA = { id: 7, username: "ada", display_name: "Ada" };
beforeEach(() => {
  stored.clear();
  clearSession(null);
});

test("a session is restored from its cookies", async () => {
  serve(({ path }) => (path === "/api/me" ? { user: ADA, session_id: 3 } : { name: "Home" }));
  await restoreSession();
  assert.deepEqual(session.value, { phase: "in", user: ADA, sessionId: 3, notice: null });
  assert.equal(stored.get("parlor.user"), "7");
  assert.deepEqual(server.value, { name: "Home" });
});

test("without a session the sign-in is shown", async () => {
  serve(({ path }) => (path === "/api/server" ? { name: "Home" } : refusal(401)));
  await restoreSession();
  assert.equal(session.value.phase, "out");
  assert.equal(session.value.notice, null);
});

test("an unreachable server is not the end of the session", async () => {
  serve(() => {
    throw new TypeError("failed to fetch");
  });
  await restoreSession();
  assert.equal(session.value.phase, "unreachable");
});

test("the end of a session shows a notice", () => {
  beginSession({ user: ADA });
  endSession();
  assert.equal(session.value.phase, "out");
  assert.equal(session.value.notice, "session.ended");
  assert.equal(me.value, null);
});

test("the end of no session shows nothing", () => {
  endSession();
  assert.equal(session.value.notice, null);
});

test("signing out in another tab signs out here", () => {
  beginSession({ user: ADA });
  stored.delete("parlor.user");
  dispatch("storage", { key: "parlor.user" });
  assert.equal(session.value.notice, "session.signed-out");
});

test("another user in another tab reloads the page", (t) => {
  const reload = t.mock.fn();
  globalThis.location.reload = reload;
  beginSession({ user: ADA });
  stored.set("parlor.user", "8");
  dispatch("storage", { key: "parlor.user" });
  assert.equal(reload.mock.callCount(), 1);
  assert.equal(session.value.phase, "in");
});

test("changed fields of the user are merged", () => {
  beginSession({ user: ADA });
  updateOwnUser({ display_name: "Countess" });
  assert.deepEqual(me.value, { ...ADA, display_name: "Countess" });
});
