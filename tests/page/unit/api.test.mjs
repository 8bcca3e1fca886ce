import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { refusal, requests, serve, stored } from "./fake-browser.mjs";

const { get, onSessionEnd, post, recordRenewal, remove, renew, renewalIsDue, renewIfDue } =
  await import("../../../static/core/api.js");

let ended = 0;
onSessionEnd(() => (ended += 1));
beforeEach(() => {
  ended = 0;
  stored.clear();
});

const paths = () => requests.map(({ method, path }) => `${method} ${path}`);

test("a request sends and returns JSON", async () => {
  serve(({ body }) => ({ echo: body }));
  assert.deepEqual(await post("/api/rooms", { name: "den" }), { echo: { name: "den" } });
});

test("an answer without content is null", async () => {
  serve(() => null);
  assert.equal(await remove("/api/rooms/1"), null);
});

test("a refusal becomes a problem with status, code and fields", async () => {
  const errors = [{ pointer: "/name", detail: "must not be empty" }];
  serve(() => ({ status: 422, body: { code: "invalid", title: "Invalid", errors } }));
  await assert.rejects(post("/api/rooms", {}), (problem) => {
    assert.equal(problem.status, 422);
    assert.equal(problem.code, "invalid");
    assert.deepEqual(problem.fields, { name: "must not be empty" });
    return true;
  });
});

test("a failed connection is a problem of the network", async () => {
  serve(() => {
    throw new TypeError("failed to fetch");
  });
  await assert.rejects(get("/api/me"), (problem) => problem.offline);
});

test("an expired cookie is renewed once and the request repeated", async () => {
  let isRenewed = false;
  serve(({ path }) => {
    if (path === "/api/auth/refresh") isRenewed = true;
    else if (!isRenewed) return refusal(401);
    return { id: 7 };
  });
  assert.deepEqual(await get("/api/me"), { id: 7 });
  assert.deepEqual(paths(), ["GET /api/me", "POST /api/auth/refresh", "GET /api/me"]);
  assert.equal(ended, 0);
});

test("a refused renewal ends the session and repeats nothing", async () => {
  serve(() => refusal(401));
  await assert.rejects(get("/api/me"), (problem) => problem.status === 401);
  assert.deepEqual(paths(), ["GET /api/me", "POST /api/auth/refresh"]);
  assert.equal(ended, 1);
});

test("an unreachable server during the renewal does not end the session", async () => {
  serve(({ path }) => (path === "/api/auth/refresh" ? refusal(503, "overloaded") : refusal(401)));
  await assert.rejects(get("/api/me"), (problem) => problem.offline);
  assert.equal(ended, 0);
});

test("a wrong password renews nothing", async () => {
  serve(() => refusal(401, "bad_credentials"));
  await assert.rejects(post("/api/auth/password", {}), (problem) => problem.code === "bad_credentials");
  assert.equal(requests.length, 1);
});

test("a renewal by another tab is used instead of a second one", async () => {
  serve(() => ({}));
  const since = Date.now() - 1;
  recordRenewal();
  assert.equal(await renew(since), "ok");
  assert.equal(requests.length, 0);
});

test("cookies are renewed after 14 minutes", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_000_000_000_000 });
  serve(() => ({}));
  recordRenewal();
  t.mock.timers.tick(14 * 60_000);
  assert.equal(renewalIsDue(), false);
  assert.equal(await renewIfDue(), "ok");
  assert.equal(requests.length, 0);
  t.mock.timers.tick(1);
  assert.equal(await renewIfDue(), "ok");
  assert.deepEqual(paths(), ["POST /api/auth/refresh"]);
});
