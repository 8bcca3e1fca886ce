// Title, icon, badge, notifications and typing indicators.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Person, fillHistory, roomOf, stage } from "./harness.mjs";

const { world, story } = stage();

/** Runs in the page before it: notifications and badges go into a list. */
const listen = () => {
  globalThis.told = { notifications: [], badge: null, asked: 0 };
  const { told } = globalThis;
  globalThis.Notification = class {
    static permission = "default";
    static async requestPermission() {
      told.asked += 1;
      this.permission = "granted";
      return this.permission;
    }
    constructor(title, options) {
      told.notifications.push({ title, body: options.body, tag: options.tag, open: true });
      this.record = told.notifications.at(-1);
    }
    close() {
      this.record.open = false;
    }
  };
  navigator.setAppBadge = async (count = "dot") => void (told.badge = count);
  navigator.clearAppBadge = async () => void (told.badge = null);
};
const told = (page) => page.evaluate(() => globalThis.told);
/** Another window is in front, or this one is again. */
const look = (page, there) =>
  page.evaluate((focused) => {
    document.hasFocus = () => focused;
    dispatchEvent(new Event(focused ? "focus" : "blur"));
  }, there);

/** People in a room; the second one listens, in a page that was opened by an own hand. */
async function listener(names, more) {
  const { room, people } = await roomOf(world, names, more);
  const [ada, bob, eve] = people;
  await bob.page.addInitScript(listen);
  await bob.page.evaluate(() => localStorage.setItem("parlor.preferences", JSON.stringify({ notifications: "on" })));
  await bob.visit(`/r/${room.id}`);
  await bob.composer.waitFor();
  await bob.page.evaluate(() => Notification.requestPermission());
  return { room, ada, bob, eve };
}

const notify = (person, room, level) => person.call("PATCH", `/api/rooms/${room.id}/members/me`, { notify: level });
const notified = (page, count) =>
  page.waitForFunction((wanted) => globalThis.told.notifications.length === wanted, count);

describe("telling", () => {
  story("only a click requests the permission for notifications", async () => {
    const ada = await (await Person.arrive(world, "ask.ada")).signUp();
    await ada.page.addInitScript(listen);
    await ada.visit();
    assert.equal((await told(ada.page)).asked, 0);
    await ada.page.getByRole("button", { name: "Settings and sign out" }).click();
    const box = ada.page.getByRole("checkbox", { name: "Show notifications" });
    assert.equal(await box.isChecked(), false);
    await box.check();
    assert.equal((await told(ada.page)).asked, 1);
    await ada.page.waitForFunction(() => JSON.parse(localStorage.getItem("parlor.preferences")).notifications === "on");
    await box.uncheck();
    assert.equal(
      await ada.page.evaluate(() => JSON.parse(localStorage.getItem("parlor.preferences")).notifications),
      "off",
    );
    assert.equal((await told(ada.page)).asked, 1);
  });

  story("unread messages notify once per burst, and reading removes the notification", async () => {
    const { room, ada, bob } = await listener(["tell.ada", "tell.bob"]);
    await ada.say("you are looking");
    await bob.reads(["you are looking"]);
    await look(bob.page, false);
    await ada.say("are you there?");
    await notified(bob.page, 1);
    assert.deepEqual(
      (await told(bob.page)).notifications.map(({ title, body }) => [title, body]),
      [["tell.ada in Lobby", "are you there?"]],
    );
    await fillHistory(ada, room.id, 2, "hello?");
    await notified(bob.page, 2);
    assert.equal((await told(bob.page)).notifications[1].body, "2 new messages");
    await look(bob.page, true);
    await bob.page.waitForFunction(() => globalThis.told.notifications.at(-1).open === false);
  });

  story("messages read on another device do not notify", async () => {
    const { room, ada, bob } = await listener(["else.ada", "else.bob"]);
    await look(bob.page, false);
    const phone = await Person.arrive(world, "else.bob");
    await phone.call("POST", "/api/auth/signin", {
      username: "else.bob",
      password: "correct horse battery",
      cookie: true,
    });
    await phone.visit(`/r/${room.id}`);
    await phone.page.locator(".beginning").waitFor();
    await ada.say("seen on the phone");
    await phone.reads(["seen on the phone"]);
    await bob.page.waitForFunction(() => document.title === "Lobby");
    await phone.page.close();
    await ada.say("and not this one");
    await notified(bob.page, 1);
    assert.equal((await told(bob.page)).notifications[0].body, "and not this one");
  });

  story("the room's notification level applies", async () => {
    const { room, ada, bob, eve } = await listener(["level.ada", "level.bob", "level.eve"]);
    await look(bob.page, false);
    await notify(bob, room, "mentions");
    await bob.page.reload();
    await bob.connected();
    await bob.page.evaluate(() => Notification.requestPermission());
    await look(bob.page, false);
    await ada.say("for everybody");
    await ada.say("for @level.bob");
    await notified(bob.page, 1);
    assert.equal((await told(bob.page)).notifications[0].body, "for @level.bob");
    await bob.call("PUT", `/api/me/blocks/${ada.id}`);
    const known = bob.page.waitForResponse((response) => response.url().endsWith("/api/me/blocks"));
    await bob.page.reload();
    await bob.connected();
    await known;
    await bob.page.evaluate(() => Notification.requestPermission());
    await look(bob.page, false);
    await ada.say("@level.bob, can you hear me?");
    await eve.say("I can, @level.bob");
    await notified(bob.page, 1);
    assert.equal((await told(bob.page)).notifications[0].body, "I can, @level.bob", "not of who is blocked");
    await notify(bob, room, "none");
    await bob.page.reload();
    await bob.connected();
    await bob.page.waitForFunction(() => document.title === "Lobby");
  });

  story("no burst of notifications after an absence", async () => {
    const { ada, bob } = await listener(["rain.ada", "rain.bob"]);
    await ada.say("before");
    await bob.reads(["before"]);
    await look(bob.page, false);
    await bob.context.setOffline(true);
    await bob.page.locator('[data-connection="waiting"], [data-connection="connecting"]').first().waitFor();
    for (const number of [1, 2, 3]) await ada.say(`missed ${number}`);
    await ada.page.waitForFunction(() => document.querySelectorAll(".message-row:not(.pending) .body").length === 4);
    await bob.context.setOffline(false);
    await bob.connected();
    await bob.reads(["before", "missed 1", "missed 2", "missed 3"]);
    await ada.say("live again");
    await notified(bob.page, 1);
    assert.equal((await told(bob.page)).notifications[0].body, "live again");
  });

  story("title, icon and badge, in two tabs and on two devices", async () => {
    const { room, ada, bob } = await listener(["marks.ada", "marks.bob"]);
    const icon = (page) => page.locator('link[rel="icon"]').getAttribute("href");
    const other = await bob.openTab();
    await other.goto(`/r/${room.id}`);
    await bob.connected(other);
    for (const page of [bob.page, other]) await look(page, false);
    await ada.say("one");
    await ada.say("two");
    for (const page of [bob.page, other]) await page.waitForFunction(() => document.title === "(2) Lobby");
    assert.equal(await icon(bob.page), "/favicon-unread.svg");
    assert.equal((await told(bob.page)).badge, 2);
    await look(other, true);
    for (const page of [bob.page, other]) await page.waitForFunction(() => document.title === "Lobby");
    assert.equal(await icon(bob.page), "/favicon.svg");
    assert.equal((await told(bob.page)).badge, null);
  });

  story("messages of others are announced at most every three seconds", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["aloud.ada", "aloud.bob"]);
    await bob.page.evaluate(() => {
      globalThis.spoken = [];
      const region = document.querySelector(".shell > [aria-live=polite]");
      new MutationObserver(
        () => region.textContent && globalThis.spoken.push({ at: performance.now(), text: region.textContent }),
      ).observe(region, { childList: true, characterData: true, subtree: true });
    });
    await ada.say("first");
    await bob.page.waitForFunction(() => globalThis.spoken.length === 1);
    await fillHistory(ada, room.id, 20);
    await bob.page.waitForFunction(() => globalThis.spoken.length === 2);
    const [one, two] = await bob.page.evaluate(() => globalThis.spoken);
    assert.equal(one.text, "aloud.ada: first");
    assert.match(two.text, /^\d+ new messages$/u);
    assert.ok(two.at - one.at >= 2_900, `${two.at - one.at} ms apart`);
    assert.equal(await bob.page.getByRole("log").getAttribute("aria-live"), "off");
  });

  story("the typing indicator names users until they post", async () => {
    const {
      people: [ada, bob, eve],
    } = await roomOf(world, ["type.ada", "type.bob", "type.eve"]);
    const line = (person) => person.page.locator(".typing");
    await ada.composer.pressSequentially("Hm");
    await bob.page.locator(".typing", { hasText: "type.ada is typing" }).waitFor();
    await eve.composer.pressSequentially("Well");
    await bob.page.locator(".typing", { hasText: "type.ada and type.eve are typing" }).waitFor();
    assert.doesNotMatch(await line(ada).textContent(), /type\.ada/u);
    await ada.composer.press("Enter");
    await bob.page.locator(".typing", { hasText: /^type\.eve is typing/u }).waitFor();
    await bob.page.locator(".typing", { hasText: /^$/u }).waitFor({ state: "attached" });
  });
});
