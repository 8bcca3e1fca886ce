import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { dispatch, requests, serve, stored, visited } from "./fake-browser.mjs";

const { loadDraft, saveDraft, deleteDrafts } = await import("../../../static/core/drafts.js");
const { beginSession } = await import("../../../static/core/session.js");
const { preferences, setPreference } = await import("../../../static/core/preferences.js");
const { dismissToast, showProblem, showToast, toast } = await import("../../../static/core/toast.js");
const { block, loadBlocks, unblock } = await import("../../../static/core/blocks.js");
const { followLink, navigate } = await import("../../../static/core/router.js");
const { announce, announcement } = await import("../../../static/core/live-region.js");
const { chosenLanguage } = await import("../../../static/core/language.js");
const { holdLock, withLock } = await import("../../../static/core/lock.js");
const { blocked, isForMe, route, unreadTotals, rooms } = await import("../../../static/core/state.js");
const { Room } = await import("../../../static/core/room.js");

const ADA = { id: 7, username: "ada" };
beforeEach(() => beginSession({ user: ADA }));

describe("drafts", () => {
  test("a draft is kept for one user and room", () => {
    saveDraft({ id: 1 }, "hello");
    assert.equal(loadDraft({ id: 1 }), "hello");
    assert.equal(loadDraft({ id: 2 }), "");
    beginSession({ user: { id: 8 } });
    assert.equal(loadDraft({ id: 1 }), "");
  });

  test("an empty draft is removed", () => {
    saveDraft({ id: 1 }, "hello");
    saveDraft({ id: 1 }, "");
    assert.equal(stored.has("parlor.draft.7.1"), false);
  });

  test("only the drafts of one user are deleted", () => {
    saveDraft({ id: 1 }, "mine");
    stored.set("parlor.draft.71.1", '"of another user"');
    deleteDrafts(7);
    assert.equal(loadDraft({ id: 1 }), "");
    assert.equal(stored.has("parlor.draft.71.1"), true);
  });
});

describe("preferences", () => {
  test("a choice is stored and applied to the document", () => {
    setPreference("theme", "dark");
    assert.equal(preferences.value.theme, "dark");
    assert.equal(JSON.parse(stored.get("parlor.preferences")).theme, "dark");
    assert.equal(document.documentElement.dataset.theme, "dark");
    setPreference("theme", "system");
    assert.equal("theme" in document.documentElement.dataset, false);
  });

  test("a value that is no choice is refused", () => {
    assert.throws(() => setPreference("density", "tiny"), RangeError);
  });

  test("a choice of another tab is taken over, and invalid values are defaults", () => {
    stored.set("parlor.preferences", JSON.stringify({ density: "compact", hours: "13" }));
    dispatch("storage", { key: "parlor.preferences" });
    assert.equal(preferences.value.density, "compact");
    assert.equal(preferences.value.hours, "auto");
  });
});

describe("toast", () => {
  test("a notice disappears after five seconds", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    showToast("saved");
    assert.equal(toast.value.text, "saved");
    t.mock.timers.tick(4_999);
    assert.notEqual(toast.value, null);
    t.mock.timers.tick(1);
    assert.equal(toast.value, null);
  });

  test("a new notice replaces the old one and its timer", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    showToast("one");
    t.mock.timers.tick(3_000);
    showProblem(new Error("two"));
    t.mock.timers.tick(3_000);
    assert.equal(toast.value.text, "two");
    assert.equal(toast.value.tone, "bad");
    dismissToast();
    assert.equal(toast.value, null);
  });
});

describe("blocks", () => {
  test("blocking and unblocking change the set after the server has agreed", async () => {
    serve(() => null);
    await block(9);
    assert.deepEqual([...blocked.value], [9]);
    await unblock(9);
    assert.deepEqual([...blocked.value], []);
    assert.deepEqual(
      requests.map(({ method, path }) => `${method} ${path}`),
      ["PUT /api/me/blocks/9", "DELETE /api/me/blocks/9"],
    );
  });

  test("a refused block changes nothing", async () => {
    serve(() => ({ status: 404, body: { code: "not_found" } }));
    await assert.rejects(block(9));
    assert.deepEqual([...blocked.value], []);
  });

  test("a list that arrives after a change of user is ignored", async () => {
    serve(() => {
      beginSession({ user: { id: 8 } });
      return { items: [{ id: 9 }] };
    });
    await loadBlocks();
    assert.deepEqual([...blocked.value], []);
  });
});

describe("router", () => {
  test("navigation pushes an address once and sets the route", () => {
    visited.length = 0;
    navigate("/r/5");
    navigate("/", { replace: true });
    assert.deepEqual(visited, [["push", "/r/5"]]);
    assert.equal(route.value.name, "home");
    navigate("/r/5/12", { replace: true });
    assert.deepEqual(visited.at(-1), ["replace", "/r/5/12"]);
    assert.deepEqual(route.value, { name: "room", roomId: 5, seq: 12 });
  });

  test("a link stays in the page unless a modifier is pressed", (t) => {
    const event = { button: 0, preventDefault: t.mock.fn(), currentTarget: { getAttribute: () => "/r/6" } };
    followLink({ ...event, ctrlKey: true });
    followLink({ ...event, button: 1 });
    assert.equal(event.preventDefault.mock.callCount(), 0);
    followLink(event);
    assert.equal(event.preventDefault.mock.callCount(), 1);
    assert.equal(route.value.roomId, 6);
  });
});

describe("live region", () => {
  test("messages that queue up are announced by their number", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
    const message = (body) => announce({ author: { display_name: "Bob" }, body });
    message("hello");
    t.mock.timers.tick(0);
    assert.match(announcement.value, /Bob.*hello/u);
    message("one");
    message("two");
    t.mock.timers.tick(2_999);
    assert.match(announcement.value, /hello/u);
    t.mock.timers.tick(1);
    assert.match(announcement.value, /2/u);
  });
});

describe("language", () => {
  test("an unknown stored language is ignored", () => {
    stored.set("parlor.language", '"de"');
    assert.equal(chosenLanguage(), "de");
    stored.set("parlor.language", '"xx"');
    assert.equal(chosenLanguage(), null);
    stored.set("parlor.language", "{broken");
    assert.equal(chosenLanguage(), null);
  });
});

describe("locks", () => {
  test("a lock runs its action and returns its result", async () => {
    assert.equal(await withLock("name", async () => 5), 5);
  });

  test("a lock that another tab holds is not taken", async (t) => {
    t.mock.method(navigator.locks, "request", async (_, options, action) => {
      assert.deepEqual(options, { ifAvailable: true });
      return action(null);
    });
    assert.equal(await holdLock("name"), false);
  });
});

describe("unread totals", () => {
  const room = (id, notify, unread, mentions) => {
    const made = new Room({ id, name: `room ${id}`, notify, read_seq: 0, unread, mentions });
    return [id, made];
  };

  test("the count follows the notification level of each room", () => {
    rooms.value = new Map([room(1, "all", 3, 1), room(2, "mentions", 5, 2), room(3, "none", 9, 9)]);
    assert.deepEqual(unreadTotals.value, { count: 5, dot: true });
    rooms.value = new Map([room(2, "mentions", 5, 0)]);
    assert.deepEqual(unreadTotals.value, { count: 0, dot: true });
    rooms.value = new Map();
    assert.deepEqual(unreadTotals.value, { count: 0, dot: false });
  });

  test("messages of blocked users are for no reader", () => {
    const [, den] = room(1, "all", 0, 0);
    const message = { author: { id: 9 }, mentions: [7] };
    assert.equal(isForMe(den, message), true);
    blocked.value = new Set([9]);
    assert.equal(isForMe(den, message), false);
    blocked.value = new Set();
    assert.equal(isForMe(den, { author: { id: 9 }, mentions: [8] }), false);
    assert.equal(isForMe(den, { author: { id: 9 }, mentions_room: true }), true);
  });
});
