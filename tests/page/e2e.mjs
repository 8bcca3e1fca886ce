// The page, in Chromium, against the real binary.
//
//   npm ci && node --test e2e.mjs
//
// PARLOR_BIN and CHROMIUM_BIN name other programs than the usual ones.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { faultsOf } from "./accessibility.mjs";
import { PASSWORD, Person, Server, launch, report, roomOf } from "./harness.mjs";

const world = { server: null, browser: null, people: [] };

before(async () => {
  world.server = await Server.start();
  world.browser = await launch();
});

after(async () => {
  await world.browser?.close();
  await world.server?.stop();
});

/** One story. It ends with everybody's windows closed and nothing found fault with. */
function story(name, tell) {
  test(name, { timeout: 120_000 }, async () => {
    world.people = [];
    try {
      await tell();
      for (const person of world.people) assert.deepEqual(person.faults, [], `${person.name}'s page`);
    } catch (error) {
      const shots = process.env.PARLOR_SHOTS;
      if (shots) for (const person of world.people) await person.page.screenshot({ path: `${shots}/${person.name}.png` }).catch(() => {});
      console.error(report(world));
      throw error;
    } finally {
      for (const person of world.people) await person.context.close();
    }
  });
}

/** Presses Tab until the focused element has this name. */
async function tabTo(page, name) {
  for (let press = 0; press < 60; press += 1) {
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      return element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent;
    });
    if (name.test(focused.trim())) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never reached ${name}`);
}

const fillHistory = async (person, roomId, count, word = "line") => {
  for (let number = 1; number <= count; number += 1) await person.call("POST", `/api/rooms/${roomId}/messages`, { body: `${word} ${number}` });
};

describe("coming in", () => {
  story("from sign-up to the first message with the keyboard alone", async () => {
    const { page } = await Person.arrive(world, "keys");
    await page.goto("/");
    await page.getByRole("heading", { name: "Welcome back" }).waitFor();
    await tabTo(page, /^Create an account$/u);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Create your account" }).waitFor();
    await tabTo(page, /^Username$/u);
    await page.keyboard.type("keyboard.only");
    await page.keyboard.press("Tab");
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: /^Hello/u }).waitFor();
    await tabTo(page, /^Create a room/u);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await tabTo(page, /^Name$/u);
    await page.keyboard.type("By keyboard");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Access code" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await tabTo(page, /^Message By keyboard$/u);
    await page.keyboard.type("Hello from the keys");
    await page.keyboard.press("Enter");
    await page.locator(".message-row:not(.pending) .body", { hasText: "Hello from the keys" }).waitFor();
  });

  story("a refused sign-up and a refused sign-in say why, at the field where there is one", async () => {
    await (await Person.arrive(world, "taken")).signUp();
    const { page } = await Person.arrive(world, "refused");
    await page.goto("/");
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByLabel("Username").fill("TAKEN");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Create account" }).click();
    await page.locator(".field-error, .form-error:not([hidden])").first().waitFor();
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByLabel("Username").fill("taken");
    await page.getByLabel("Password").fill("not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    assert.equal(await page.getByRole("heading", { name: "Welcome back" }).isVisible(), true);
  });

  story("an invitation link makes an account inside the room", async () => {
    const host = await (await Person.arrive(world, "host")).signUp();
    const room = await host.createRoom("Garden");
    const guest = await Person.arrive(world, "guest");
    await guest.page.goto(`/i/${room.access_code}`);
    await guest.page.locator(".invited-to", { hasText: "Garden" }).waitFor();
    await guest.page.getByLabel("Username").fill("guest.by.link");
    await guest.page.getByLabel("Password").fill(PASSWORD);
    await guest.page.getByRole("button", { name: "Create account" }).click();
    await guest.page.getByRole("heading", { name: "Garden", level: 1 }).waitFor();
    assert.equal(new URL(guest.page.url()).pathname, `/r/${room.id}`);
  });

  story("an invitation that is used up says so, to who has an account and to who has none", async () => {
    const host = await (await Person.arrive(world, "host3")).signUp();
    const room = await host.createRoom("Greenhouse");
    const invite = await host.call("POST", `/api/rooms/${room.id}/invites`, { max_uses: 1 });
    const link = new URL(invite.url).pathname;
    const first = await Person.arrive(world, "first");
    await first.page.goto(link);
    await first.sees("Greenhouse");
    await first.page.getByLabel("Username").fill("first.by.invite");
    await first.page.getByLabel("Password").fill(PASSWORD);
    await first.page.getByRole("button", { name: "Create account" }).click();
    await first.page.getByRole("heading", { name: "Greenhouse", level: 1 }).waitFor();
    assert.equal(await first.page.getByRole("dialog").count(), 0, "who has come in is not asked again");
    const second = await Person.arrive(world, "second");
    await second.page.goto(link);
    await second.sees("This invitation does not work any more");
    assert.deepEqual(await faultsOf(second.page), [], "an invitation that is over");
    await second.signUp();
    await second.page.reload();
    await second.page.getByRole("dialog").waitFor();
    await second.sees("This invitation does not work any more");
    await second.page.getByRole("button", { name: "Join the room" }).click();
    await second.sees("No room opens with this code");
  });

  story("who may make an account is said, and a form that would be refused is not shown", async () => {
    const { page } = await Person.arrive(world, "newcomer");
    const about = await (await fetch(`${world.server.base}/api/server`)).json();
    let rule = {};
    await page.route("**/api/server", (call) => call.fulfill({ json: { ...about, needs_first_account: false, ...rule } }));
    const newAccount = page.getByRole("button", { name: "Create an account" });
    rule = { registration: "closed" };
    await page.goto("/");
    await page.getByText("This server takes no new accounts").waitFor();
    assert.equal(await newAccount.count(), 0);
    rule = { registration: "closed", needs_first_account: true };
    await page.reload();
    await newAccount.waitFor();
    rule = { registration: "invite" };
    await page.reload();
    await newAccount.click();
    await page.getByText("takes new accounts by invitation").waitFor();
    assert.equal(await page.getByLabel("Access code", { exact: true }).evaluate((field) => field.required), true);
  });

  story("signing in at an invitation link enters the room", async () => {
    const host = await (await Person.arrive(world, "host4")).signUp();
    const room = await host.createRoom("Veranda");
    await (await Person.arrive(world, "member.of.old")).signUp();
    const guest = await Person.arrive(world, "guest4");
    await guest.page.goto(`/i/${room.access_code}`);
    await guest.sees("Veranda");
    await guest.page.getByRole("button", { name: "Sign in" }).click();
    await guest.page.getByLabel("Username").fill("member.of.old");
    await guest.page.getByLabel("Password").fill(PASSWORD);
    await guest.page.getByRole("button", { name: "Sign in" }).click();
    await guest.page.getByRole("heading", { name: "Veranda", level: 1 }).waitFor();
    assert.equal(await guest.page.getByRole("dialog").count(), 0);
  });

  story("an invitation link asks somebody who is signed in before it joins", async () => {
    const host = await (await Person.arrive(world, "host2")).signUp();
    const room = await host.createRoom("Orchard");
    const guest = await (await Person.arrive(world, "guest2")).signUp();
    await guest.page.goto(`/i/${room.access_code}`);
    await guest.page.locator(".invited-to", { hasText: "Orchard" }).waitFor();
    await guest.page.getByRole("button", { name: "Join the room" }).click();
    await guest.page.getByRole("heading", { name: "Orchard", level: 1 }).waitFor();
  });

  story("signing out, and the other tab of the same browser", async () => {
    const { people: [ada] } = await roomOf(world, ["out.ada"]);
    const other = await ada.openTab();
    await other.goto("/");
    await ada.connected(other);
    await ada.page.getByRole("button", { name: "Settings and sign out" }).click();
    await ada.page.getByRole("button", { name: "Sign out", exact: true }).click();
    await ada.page.getByRole("heading", { name: "Welcome back" }).waitFor();
    await other.getByRole("heading", { name: "Welcome back" }).waitFor();
    await ada.page.reload();
    await ada.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  });

  story("a device is signed out from another one", async () => {
    const home = await (await Person.arrive(world, "devices")).signUp();
    await home.visit();
    const away = await Person.arrive(world, "devices");
    await away.call("POST", "/api/auth/signin", { username: "devices", password: PASSWORD, cookie: true });
    await away.visit();
    await home.page.getByRole("button", { name: "Settings and sign out" }).click();
    const session = home.page.locator(".session").filter({ hasNotText: "This device" });
    await session.getByRole("button", { name: "Sign out" }).click();
    await home.page.getByRole("group", { name: "Sign this device out?" }).getByRole("button", { name: "Sign out" }).click();
    await away.sees("Your session has ended");
  });

  story("a new password ends the other sessions and not this one", async () => {
    const home = await (await Person.arrive(world, "passwords")).signUp();
    await home.visit();
    const away = await Person.arrive(world, "passwords");
    await away.call("POST", "/api/auth/signin", { username: "passwords", password: PASSWORD, cookie: true });
    await away.visit();
    await home.page.getByRole("button", { name: "Settings and sign out" }).click();
    await home.page.getByLabel("Present password").fill("wrong password");
    await home.page.getByLabel("New password").fill("another horse");
    await home.page.getByRole("button", { name: "Change the password" }).click();
    await home.page.locator('[aria-invalid="true"]').waitFor();
    await home.page.getByLabel("Present password").fill(PASSWORD);
    await home.page.getByRole("button", { name: "Change the password" }).click();
    await home.sees("Your password is changed");
    await away.sees("Your session has ended");
    await home.page.reload();
    await home.connected();
  });

  story("of two tabs whose cookies are old, one renews them for both", async () => {
    const ada = await (await Person.arrive(world, "tabs")).signUp();
    await ada.visit();
    const other = await ada.openTab();
    await other.goto("/");
    await ada.connected(other);
    await ada.page.evaluate(() => localStorage.setItem("parlor.renewed_at", "0"));
    const renewals = [];
    ada.context.on("request", (request) => request.url().endsWith("/api/auth/refresh") && renewals.push(request.url()));
    await Promise.all([ada.page.reload(), other.reload()]);
    await Promise.all([ada.connected(), ada.connected(other)]);
    assert.equal(renewals.length, 1, "the second tab sees that the first has done it");
  });
});

describe("talking", () => {
  story("two people in one room, one came by code", async () => {
    const ada = await (await Person.arrive(world, "ada")).signUp({ display_name: "Ada Lovelace" });
    const room = await ada.createRoom("Tea room");
    await ada.visit(`/r/${room.id}`);
    const bob = await (await Person.arrive(world, "bob")).signUp();
    await bob.visit();
    await bob.page.getByRole("button", { name: /^Join with a code/u }).first().click();
    await bob.page.getByLabel("Access code").fill("no-such-code");
    await bob.page.getByRole("button", { name: "Join the room" }).click();
    await bob.sees("No room opens with this code");
    await bob.page.getByLabel("Access code").fill(room.access_code);
    await bob.page.getByRole("button", { name: "Join the room" }).click();
    await bob.page.getByRole("heading", { name: "Tea room", level: 1 }).waitFor();
    await ada.sees("bob joined");

    await ada.say("Milk or lemon?");
    await bob.page.locator(".body", { hasText: "Milk or lemon?" }).waitFor();
    await bob.say("Lemon, please\nand two cups");
    await bob.say("/me waves");
    const talk = ["Milk or lemon?", "Lemon, please\nand two cups", "* bob waves"];
    await ada.reads(talk);
    await bob.reads(talk);
    assert.equal(await ada.page.locator(".message-row .author", { hasText: "Ada Lovelace" }).count(), 1);
    await ada.page.reload();
    await ada.reads(talk);
  });

  story("presence: online, offline, last seen", async () => {
    const { people: [ada, bob] } = await roomOf(world, ["seen.ada", "seen.bob"]);
    const bobRow = ada.page.getByRole("complementary", { name: "Members" }).locator(".member", { hasText: "seen.bob" });
    await ada.page.locator(".member.online", { hasText: "seen.bob" }).waitFor();
    await bob.page.close();
    await ada.page.locator(".member.offline", { hasText: "seen.bob" }).waitFor({ timeout: 30_000 });
    assert.match(await bobRow.textContent(), /last seen just now/u);
    bob.page = await bob.openTab();
    await bob.visit();
    await ada.page.locator(".member.online", { hasText: "seen.bob" }).waitFor();
  });

  story("unread counts, the divider and the title", async () => {
    const { room, people: [ada, bob] } = await roomOf(world, ["unread.ada", "unread.bob"]);
    const side = await bob.createRoom("Elsewhere");
    await bob.page.getByRole("link", { name: /Elsewhere/u }).click();
    await bob.page.getByRole("heading", { name: "Elsewhere", level: 1 }).waitFor();
    for (const text of ["one", "two", "three"]) await ada.say(text);
    await bob.page.getByRole("link", { name: /Lobby\s*3/u }).waitFor();
    await bob.page.waitForFunction(() => document.title === "(3) Elsewhere");
    await bob.page.getByRole("link", { name: /Lobby/u }).click();
    await bob.reads(["one", "two", "three"]);
    await bob.page.locator(".unread-divider + .message-row", { hasText: "one" }).waitFor();
    await bob.page.waitForFunction(() => document.title === "Lobby");
    await bob.page.waitForFunction(
      (id) => fetch("/api/rooms").then((answer) => answer.json()).then((rooms) => rooms.find((room) => room.id === id).unread === 0),
      room.id,
    );
    assert.ok(side.id !== room.id);
  });

  story("a message that is refused can be sent again under its key, or deleted", async () => {
    const ada = await (await Person.arrive(world, "retry.ada")).signUp();
    const room = await ada.createRoom("Retries");
    const keys = [];
    await ada.page.routeWebSocket(/\/ws$/u, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((text) => {
        const frame = JSON.parse(text);
        if (frame.type === "send") keys.push(frame.key);
        if (frame.type === "send" && keys.length <= 2) {
          socket.send(JSON.stringify({ type: "error", key: frame.key, code: "internal", detail: "The disk hiccuped" }));
        } else {
          server.send(text);
        }
      });
    });
    await ada.visit(`/r/${room.id}`);
    await ada.say("try me");
    await ada.sees("Not sent: The disk hiccuped");
    await ada.say("give me up");
    await ada.page.locator(".message-row.failed", { hasText: "give me up" }).getByRole("button", { name: "Delete" }).click();
    await ada.page.locator(".message-row.failed", { hasText: "try me" }).getByRole("button", { name: "Try again" }).click();
    await ada.page.locator(".message-row:not(.pending) .body", { hasText: "try me" }).waitFor();
    assert.deepEqual(await ada.said(), ["try me"]);
    assert.equal(keys[0], keys[2]);
  });

  story("rename, topic, a new code, leaving, deleting", async () => {
    const { room, people: [ada, bob] } = await roomOf(world, ["own.ada", "own.bob"], { name: "Old name" });
    await ada.page.getByRole("button", { name: "Room settings" }).click();
    await ada.page.getByLabel("Name", { exact: true }).fill("New name");
    await ada.page.getByLabel("Topic", { exact: true }).fill("All about names");
    await ada.page.getByRole("button", { name: "Save" }).click();
    await bob.page.getByRole("heading", { name: "New name", level: 1 }).waitFor();
    await bob.page.locator(".room-topic", { hasText: "All about names" }).waitFor();

    const code = ada.page.getByLabel("Access code", { exact: true });
    assert.equal(await code.textContent(), room.access_code);
    await ada.page.getByRole("button", { name: "Replace the code" }).click();
    await ada.page.getByRole("button", { name: "Replace", exact: true }).click();
    await ada.page.waitForFunction((old) => document.querySelector(".code")?.textContent !== old, room.access_code);

    await bob.page.getByRole("button", { name: "Room settings" }).click();
    assert.equal(await bob.page.getByLabel("Access code", { exact: true }).count(), 0, "a member does not see the code");
    await bob.page.getByRole("button", { name: "Leave the room" }).click();
    await bob.page.getByRole("button", { name: "Leave", exact: true }).click();
    await bob.page.getByRole("heading", { name: /^Hello/u }).waitFor();
    await ada.sees("own.bob left");

    await ada.page.getByRole("button", { name: "Delete the room" }).click();
    await ada.page.getByRole("button", { name: "Delete for everybody" }).click();
    await ada.page.getByRole("heading", { name: /^Hello/u }).waitFor();
  });

  story("a public room is found and joined; a deleted one closes under its members", async () => {
    const ada = await (await Person.arrive(world, "pub.ada")).signUp();
    const room = await ada.createRoom("Town square", { kind: "public" });
    const bob = await (await Person.arrive(world, "pub.bob")).signUp();
    await bob.visit();
    await bob.page.getByRole("button", { name: /^Browse public rooms/u }).first().click();
    await bob.page.getByRole("button", { name: "Join Town square" }).click();
    await bob.page.getByRole("heading", { name: "Town square", level: 1 }).waitFor();
    await ada.call("DELETE", `/api/rooms/${room.id}`);
    await bob.page.getByRole("heading", { name: "This room is not open to you" }).waitFor();
  });
});

describe("history", () => {
  const COUNT = 260;
  const expected = Array.from({ length: COUNT }, (_, index) => `line ${index + 1}`);

  story("scrolling up loads all of it, and the reader's line stays where it is", async () => {
    const { room, people: [ada] } = await roomOf(world, ["history.ada"]);
    await fillHistory(ada, room.id, COUNT);
    await ada.page.reload();
    await ada.page.locator(".body", { hasText: `line ${COUNT}` }).waitFor();
    const jumps = [];
    for (let round = 0; round < 40; round += 1) {
      const result = await ada.page.evaluate(async () => {
        const box = document.querySelector(".log");
        const begun = () => document.querySelector(".beginning") !== null;
        if (begun() && box.scrollTop === 0) return "done";
        const first = document.querySelector(".message-row")?.dataset.key;
        box.scrollTop = Math.max(0, box.scrollTop - 350);
        const top = box.getBoundingClientRect().top;
        const row = [...document.querySelectorAll(".message-row")].find((candidate) => candidate.getBoundingClientRect().top >= top);
        const { key } = row.dataset;
        const at = row.getBoundingClientRect().top;
        if (!begun() && box.scrollTop < 400) {
          await new Promise((resolve) => {
            const observer = new MutationObserver(() => {
              if (document.querySelector(".message-row")?.dataset.key === first) return;
              observer.disconnect();
              resolve();
            });
            observer.observe(document.querySelector(".log-rows"), { childList: true });
          });
          await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        }
        return document.querySelector(`[data-key="${key}"]`).getBoundingClientRect().top - at;
      });
      if (result === "done") break;
      jumps.push(result);
    }
    assert.ok(jumps.length < 40, "the beginning was reached");
    assert.ok(jumps.every((jump) => Math.abs(jump) < 1.5), `the line moved: ${jumps}`);
    await ada.reads(expected);
  });

  story("a new message does not move a reader who scrolled up; the pill leads back", async () => {
    const { room, people: [ada, bob] } = await roomOf(world, ["pill.ada", "pill.bob"]);
    await fillHistory(ada, room.id, 80);
    await bob.page.locator(".body", { hasText: "line 80" }).waitFor();
    await bob.page.getByRole("log").hover();
    await bob.page.mouse.wheel(0, -900);
    await bob.page.locator(".pill").waitFor();
    const at = () => bob.page.evaluate(() => document.querySelector(".log").scrollTop);
    const before = await at();
    await ada.say("over here");
    await bob.page.getByRole("button", { name: "1 new message" }).waitFor();
    assert.equal(await at(), before);
    await bob.page.getByRole("button", { name: "1 new message" }).click();
    await bob.page.locator(".pill").waitFor({ state: "detached" });
    await bob.page.waitForFunction(() => document.title === "Lobby");
  });

  story("a link to one message opens the history there, in both directions", async () => {
    const { room, people: [ada] } = await roomOf(world, ["link.ada"]);
    await fillHistory(ada, room.id, COUNT);
    const { items } = await ada.call("GET", `/api/rooms/${room.id}/messages?limit=200`);
    const { seq } = items.find(({ body }) => body === "line 100");
    await ada.page.goto(`/r/${room.id}/${seq}`);
    const target = ada.page.locator(".message-row.target");
    await target.waitFor();
    assert.equal(await target.locator(".body").textContent(), "line 100");
    await target.isVisible();
    const box = await ada.page.locator(".log").boundingBox();
    const { y } = await target.boundingBox();
    assert.ok(y > box.y && y < box.y + box.height, "the linked message is in view");
    await ada.page.getByRole("button", { name: "To the newest messages" }).click();
    await ada.page.locator(".body", { hasText: `line ${COUNT}` }).waitFor();
    await ada.say("from the present");
    await ada.page.locator(".message-row:not(.pending) .body", { hasText: "from the present" }).waitFor();
  });

  story("far behind, the log opens at the first unread message", async () => {
    const { room, people: [ada, bob] } = await roomOf(world, ["far.ada", "far.bob"]);
    await bob.page.goto("about:blank");
    await fillHistory(ada, room.id, 180);
    await bob.visit(`/r/${room.id}`);
    await bob.page.locator(".unread-divider").waitFor();
    await bob.page.locator(".unread-divider + .message-row", { hasText: "line 1" }).waitFor();
    assert.equal(await bob.page.locator(".unread-divider").evaluate((row) => row.getBoundingClientRect().top > document.querySelector(".log").getBoundingClientRect().top), true);
  });
});

describe("being away", () => {
  story("the server is killed and comes back under the open page", async () => {
    const { room, people: [ada, bob] } = await roomOf(world, ["kill.ada", "kill.bob"]);
    const talk = [];
    for (const number of [1, 2, 3]) {
      talk.push(`before ${number}`);
      await ada.say(`before ${number}`);
    }
    await bob.reads(talk);
    await world.server.kill();
    for (const number of [1, 2, 3]) {
      talk.push(`meanwhile ${number}`);
      await ada.say(`meanwhile ${number}`);
    }
    await ada.page.locator(".banner").waitFor();
    await world.server.run();
    await Promise.all([ada.connected(), bob.connected()]);
    await ada.reads(talk);
    await bob.reads(talk);
    assert.equal(await ada.page.locator(".pending").count(), 0);
    await bob.say("back");
    talk.push("back");
    await ada.reads(talk);
    const { items } = await ada.call("GET", `/api/rooms/${room.id}/messages?limit=200`);
    assert.deepEqual(items.filter(({ kind }) => kind === "text").map(({ body }) => body), talk);
    assert.deepEqual(items.map(({ seq }) => seq), items.map((_, index) => index + 1));
  });

  story("the server is shut down politely and comes back", async () => {
    const { people: [ada, bob] } = await roomOf(world, ["bye.ada", "bye.bob"]);
    await ada.say("before");
    await bob.reads(["before"]);
    await world.server.kill("SIGTERM");
    await bob.say("meanwhile");
    await world.server.run();
    await Promise.all([ada.connected(), bob.connected()]);
    await ada.reads(["before", "meanwhile"]);
    await bob.reads(["before", "meanwhile"]);
  });

  story("what was written and not sent survives a reload while the server is away", async () => {
    const { people: [ada] } = await roomOf(world, ["reload.ada"]);
    await ada.say("sent");
    await ada.page.locator(".message-row:not(.pending)", { hasText: "sent" }).waitFor();
    await world.server.kill();
    for (const text of ["first", "second"]) await ada.say(text);
    await ada.composer.fill("a draft");
    await world.server.run();
    await ada.page.reload();
    await ada.connected();
    await ada.reads(["sent", "first", "second"]);
    assert.equal(await ada.composer.inputValue(), "a draft");
    await ada.page.locator(".pending").first().waitFor({ state: "detached" });
    await ada.page.reload();
    await ada.reads(["sent", "first", "second"]);
  });

  story("off line for a while, with messages from both sides", async () => {
    const { people: [ada, bob] } = await roomOf(world, ["off.ada", "off.bob"]);
    await ada.say("together");
    await bob.reads(["together"]);
    await bob.context.setOffline(true);
    for (const number of [1, 2, 3]) await ada.say(`from ada ${number}`);
    for (const number of [1, 2, 3]) await bob.say(`from bob ${number}`);
    await bob.page.locator(".banner").waitFor();
    assert.equal(await bob.page.locator(".pending").count(), 3);
    await ada.reads(["together", "from ada 1", "from ada 2", "from ada 3"]);
    await bob.context.setOffline(false);
    const talk = ["together", "from ada 1", "from ada 2", "from ada 3", "from bob 1", "from bob 2", "from bob 3"];
    await ada.reads(talk);
    await bob.reads(talk);
    await bob.page.locator(".banner").waitFor({ state: "detached" });
    assert.equal(await bob.page.locator(".pending").count(), 0);
  });

  story("more was missed than a sync answers", async () => {
    const { room, people: [ada, bob] } = await roomOf(world, ["many.ada", "many.bob"]);
    await ada.say("together");
    await bob.reads(["together"]);
    await bob.context.setOffline(true);
    await bob.page.locator('[data-connection="waiting"], [data-connection="connecting"]').first().waitFor();
    for (let hundred = 0; hundred < 11; hundred += 1) {
      await Promise.all(Array.from({ length: 100 }, (_, index) => ada.call("POST", `/api/rooms/${room.id}/messages`, { body: `missed ${hundred * 100 + index}` })));
    }
    await bob.context.setOffline(false);
    await bob.connected();
    await ada.say("the last");
    await bob.page.locator(".message-row .body", { hasText: "the last" }).waitFor();
    const seqs = await bob.page.evaluate(() => [...document.querySelectorAll(".message-row[data-seq]")].map((row) => Number(row.dataset.seq)));
    assert.deepEqual(seqs, seqs.map((_, index) => seqs[0] + index), "no hole and no double");
    const { head } = await bob.call("GET", `/api/rooms/${room.id}/messages?limit=1`);
    assert.equal(seqs.at(-1), head.seq);
  });
});

describe("safety and shape", () => {
  const CORPUS = [
    "<script>window.__ran = 1</script>",
    "<img src=x onerror=\"window.__ran = 1\">",
    "<svg/onload=window.__ran=1>",
    "\"><iframe srcdoc=\"<script>parent.__ran=1</script>\">",
    "javascript:window.__ran=1",
    "<a href=\"javascript:window.__ran=1\">x</a>",
    "${window.__ran = 1}",
    "{{constructor.constructor('window.__ran=1')()}}",
    "</textarea><script>window.__ran=1</script>",
    "<style>body{display:none}</style>",
    "&lt;script&gt;window.__ran=1&lt;/script&gt;",
    "<math><mi//xlink:href=\"data:x,<script>window.__ran=1</script>\">",
    "__proto__",
    "<template shadowrootmode=open><script>window.__ran=1</script></template>",
  ];

  story("what looks like markup is text, in names, topics and bodies", async () => {
    const ada = await (await Person.arrive(world, "inject.ada")).signUp({ display_name: CORPUS[1] });
    const rooms = [];
    for (const text of CORPUS) rooms.push(await ada.createRoom(text.slice(0, 80), { topic: text, kind: "public" }));
    for (const text of CORPUS) await ada.call("POST", `/api/rooms/${rooms[0].id}/messages`, { body: text });
    await ada.visit(`/r/${rooms[0].id}`);
    await ada.reads(CORPUS);
    for (const text of CORPUS.slice(0, 3)) await ada.say(text);
    await ada.reads([...CORPUS, ...CORPUS.slice(0, 3)]);
    await ada.page.getByRole("button", { name: "Browse public rooms" }).click();
    await ada.page.locator(".found-name", { hasText: CORPUS[0] }).waitFor();
    await ada.page.keyboard.press("Escape");
    await ada.page.getByRole("button", { name: "Room settings" }).click();
    await ada.page.getByRole("heading", { name: "Access code" }).waitFor();
    assert.equal(await ada.page.evaluate(() => window.__ran), undefined);
    assert.equal(await ada.page.locator("iframe, .log img, .log script, .log a, .log style").count(), 0);
    assert.equal(await ada.page.locator(".message-row .author").first().textContent(), CORPUS[1]);
  });

  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 360]) {
      story(`no accessibility fault is known, ${colorScheme}, ${width} px`, async () => {
        const name = `axe.${colorScheme}.${width}`;
        const viewport = { width, height: 740 };
        const visitor = await Person.arrive(world, `${name}.visitor`, { colorScheme, viewport, reducedMotion: "reduce" });
        const { page: door } = visitor;
        await door.goto("/");
        await door.getByRole("heading", { name: "Welcome back" }).waitFor();
        assert.deepEqual(await faultsOf(door), [], "sign in");
        await door.getByRole("button", { name: "Create an account" }).click();
        assert.deepEqual(await faultsOf(door), [], "sign up");

        const ada = await (await Person.arrive(world, name, { colorScheme, viewport, reducedMotion: "reduce" })).signUp();
        await ada.visit();
        await ada.page.getByRole("navigation", { name: "Rooms" }).waitFor();
        assert.deepEqual(await faultsOf(ada.page), [], "home");
        const room = await ada.createRoom("Accessible", { topic: "For everybody", kind: "public" });
        for (const body of ["Hello", "and again", "/me waves"]) await ada.call("POST", `/api/rooms/${room.id}/messages`, { body });
        await ada.visit(`/r/${room.id}`);
        await ada.page.locator(".message-row").first().waitFor();
        assert.deepEqual(await faultsOf(ada.page), [], "room");
        for (const button of width < 720 ? ["Room settings", "Members"] : ["Room settings"]) {
          await ada.page.getByRole("button", { name: new RegExp(`^${button}`, "u") }).click();
          await ada.page.locator("dialog .part, dialog .member").first().waitFor();
          assert.deepEqual(await faultsOf(ada.page), [], button);
          await ada.page.keyboard.press("Escape");
        }
        await ada.page.goto("/r/999999");
        await ada.page.getByRole("heading", { name: "This room is not open to you" }).waitFor();
        assert.deepEqual(await faultsOf(ada.page), [], "no room");
        if (width < 720) await ada.page.getByRole("link", { name: "Back to your rooms" }).click();
        for (const [button, sign] of [["Create a room", ".choice"], ["Join with a code", "dialog form"], ["Browse public rooms", ".found-room"], ["Settings and sign out", ".session"]]) {
          await ada.page.getByRole("button", { name: new RegExp(`^${button}`, "u") }).first().click();
          await ada.page.locator(sign).first().waitFor();
          assert.deepEqual(await faultsOf(ada.page), [], button);
          await ada.page.keyboard.press("Escape");
        }
      });
    }
  }

  story("at 360 px nothing is wider than the screen, and one pane is shown at a time", async () => {
    const ada = await (await Person.arrive(world, "narrow.ada", { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })).signUp({ display_name: "A".repeat(40) });
    const room = await ada.createRoom("A room with quite a long name that does not fit", { topic: "word".repeat(40) });
    for (const body of ["x".repeat(900), "👩‍👩‍👧‍👦".repeat(200), "שלום לכולם, מה שלומכם?", "a\u0301\u0302\u0303\u0304".repeat(60), "http://example.org/".repeat(20)]) {
      await ada.call("POST", `/api/rooms/${room.id}/messages`, { body });
    }
    const fits = async (where) => {
      const wide = await ada.page.evaluate(() =>
        [...document.querySelectorAll("body *")]
          .filter((element) => element.checkVisibility() && !element.closest(".sr-only, .skip, svg"))
          .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
          .map((element) => element.outerHTML.slice(0, 120)),
      );
      assert.deepEqual(wide, [], where);
      const [inner, outer] = await ada.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(inner <= outer, `${where}: ${inner} px of content in ${outer} px`);
    };
    await ada.visit();
    await ada.page.getByRole("link", { name: /A room with/u }).waitFor();
    await fits("the list of rooms");
    await ada.page.getByRole("link", { name: /A room with/u }).click();
    await ada.page.locator(".message-row").first().waitFor();
    await fits("the room");
    assert.equal(await ada.page.getByRole("navigation", { name: "Rooms" }).isVisible(), false);
    await ada.page.getByRole("button", { name: /^Members/u }).click();
    await ada.page.getByRole("dialog").locator(".member").waitFor();
    await fits("the members");
    await ada.page.keyboard.press("Escape");
    await ada.page.getByRole("button", { name: "Room settings" }).click();
    await ada.page.getByRole("heading", { name: "Access code" }).waitFor();
    await fits("the room's settings");
    await ada.page.keyboard.press("Escape");
    await ada.page.getByRole("link", { name: "Back to the rooms" }).click();
    await ada.page.getByRole("navigation", { name: "Rooms" }).waitFor();
    await ada.page.getByRole("button", { name: "Settings and sign out" }).click();
    await ada.page.locator(".session").first().waitFor();
    await fits("the settings");
  });
});
