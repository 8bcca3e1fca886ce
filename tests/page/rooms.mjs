// Two and three people in a room, what they see of each other, and what becomes of the room.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Person, roomOf, stage } from "./harness.mjs";

const { world, story } = stage();

describe("talking", () => {
  story("two users talk in a room, one joined by code", async () => {
    const ada = await (await Person.arrive(world, "ada")).signUp({ display_name: "Ada Lovelace" });
    const room = await ada.createRoom("Tea room");
    await ada.visit(`/r/${room.id}`);
    const bob = await (await Person.arrive(world, "bob")).signUp();
    await bob.visit();
    await bob.page
      .getByRole("button", { name: /^Join with a code/u })
      .first()
      .click();
    await bob.page.getByLabel("Access code").fill("no-such-code");
    await bob.page.getByRole("button", { name: "Join room" }).click();
    await bob.sees("Invalid access code");
    await bob.page.getByLabel("Access code").fill(room.access_code);
    await bob.page.getByRole("button", { name: "Join room" }).click();
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

  story("three users post at once and read the same order", async () => {
    const { room, people } = await roomOf(world, ["three.ada", "three.bob", "three.eve"]);
    const talk = async (person) => {
      for (let number = 1; number <= 15; number += 1) await person.say(`${person.name} ${number}`);
    };
    await Promise.all(people.map(talk));
    for (const person of people) {
      await person.page.waitForFunction(
        () => document.querySelectorAll(".message-row:not(.pending) .body").length === 45,
      );
      assert.equal(await person.page.locator(".pending").count(), 0);
    }
    const { items } = await people[0].call("GET", `/api/rooms/${room.id}/messages?limit=200`);
    const said = items.filter(({ kind }) => kind === "text").map(({ body }) => body);
    assert.equal(new Set(said).size, 45);
    for (const { name } of people) {
      const own = said.filter((body) => body.startsWith(`${name} `));
      assert.deepEqual(
        own,
        own.map((_, index) => `${name} ${index + 1}`),
        "each one's own, in the order of writing",
      );
    }
    for (const person of people) await person.reads(said);
  });

  story("a removed member sees the room close and no later message", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["kick.ada", "kick.bob"]);
    await ada.say("before");
    await bob.reads(["before"]);
    await bob.composer.fill("half a thou");
    await ada.call("DELETE", `/api/rooms/${room.id}/members/${bob.id}`);
    await ada.say("after");
    await bob.page.getByRole("heading", { name: "You cannot open this room" }).waitFor();
    assert.equal(await bob.page.getByRole("link", { name: /Lobby/u }).count(), 0);
    assert.equal(await bob.page.getByText("after", { exact: true }).count(), 0);
    await bob.page.reload();
    await bob.page.getByRole("heading", { name: "You cannot open this room" }).waitFor();
    await ada.sees("removed kick.bob");
  });

  story("presence: online, offline, last seen", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["seen.ada", "seen.bob"]);
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
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["unread.ada", "unread.bob"]);
    const side = await bob.createRoom("Elsewhere");
    await bob.page.getByRole("link", { name: /Elsewhere/u }).click();
    await bob.page.getByRole("heading", { name: "Elsewhere", level: 1 }).waitFor();
    for (const text of ["one", "two", "three"]) await ada.say(text);
    await bob.page.getByRole("link", { name: /Lobby\s*3 unread messages$/u }).waitFor();
    await ada.call("POST", `/api/rooms/${room.id}/messages`, { body: "four, @unread.bob" });
    await bob.page
      .getByRole("link", { name: /Lobby\s*4 unread messages, 1 mention$/u })
      .locator(".badge.mention", { hasText: "1" })
      .waitFor();
    await bob.page.waitForFunction(() => document.title === "(4) Elsewhere");
    await bob.page.getByRole("link", { name: /Lobby/u }).click();
    await bob.reads(["one", "two", "three", "four, @unread.bob"]);
    await bob.page.locator(".unread-divider + .message-row", { hasText: "one" }).waitFor();
    await bob.page.waitForFunction(() => document.title === "Lobby");
    await bob.page.waitForFunction(
      (id) =>
        fetch("/api/rooms")
          .then((answer) => answer.json())
          .then((rooms) => rooms.find((room) => room.id === id).unread === 0),
      room.id,
    );
    assert.ok(side.id !== room.id);
  });

  story("a refused message can be retried with its key or deleted", async () => {
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
    await ada.page
      .locator(".message-row.failed", { hasText: "give me up" })
      .getByRole("button", { name: "Delete" })
      .click();
    await ada.page
      .locator(".message-row.failed", { hasText: "try me" })
      .getByRole("button", { name: "Try again" })
      .click();
    await ada.page.locator(".message-row:not(.pending) .body", { hasText: "try me" }).waitFor();
    assert.deepEqual(await ada.said(), ["try me"]);
    assert.equal(keys[0], keys[2]);
  });

  story("rename, topic, a new code, leaving, deleting", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["own.ada", "own.bob"], { name: "Old name" });
    await ada.page.getByRole("button", { name: "Room settings" }).click();
    await ada.page.getByLabel("Name", { exact: true }).fill("New name");
    await ada.page.getByLabel("Topic", { exact: true }).fill("All about names");
    await bob.call("PATCH", "/api/me", { display_name: "Bob" });
    await ada.call("PATCH", `/api/rooms/${room.id}`, { topic: "Said elsewhere meanwhile" });
    await bob.page.locator(".room-topic", { hasText: "Said elsewhere meanwhile" }).waitFor();
    assert.equal(await ada.page.getByLabel("Name", { exact: true }).inputValue(), "New name", "what is typed stays");
    await ada.page.getByRole("button", { name: "Save" }).click();
    await bob.page.getByRole("heading", { name: "New name", level: 1 }).waitFor();
    await bob.page.locator(".room-topic", { hasText: "All about names" }).waitFor();

    const code = ada.page.getByLabel("Access code", { exact: true });
    assert.equal(await code.textContent(), room.access_code);
    await ada.page.getByRole("button", { name: "Replace code" }).click();
    await ada.page.getByRole("button", { name: "Replace", exact: true }).click();
    await ada.page.waitForFunction((old) => document.querySelector(".code")?.textContent !== old, room.access_code);

    await bob.page.getByRole("button", { name: "Room settings" }).click();
    assert.equal(
      await bob.page.getByLabel("Access code", { exact: true }).count(),
      0,
      "a member does not see the code",
    );
    await bob.page.getByRole("button", { name: "Leave room" }).click();
    await bob.page.getByRole("button", { name: "Leave", exact: true }).click();
    await bob.page.getByRole("heading", { name: /^Hello/u }).waitFor();
    await ada.sees("Bob left");

    await ada.page.getByRole("button", { name: "Delete room" }).click();
    await ada.page.getByRole("button", { name: "Delete for everyone" }).click();
    await ada.page.getByRole("heading", { name: /^Hello/u }).waitFor();
  });

  story("a public room is found and joined; a deleted one closes under its members", async () => {
    const ada = await (await Person.arrive(world, "pub.ada")).signUp();
    const room = await ada.createRoom("Town square", { kind: "public" });
    const bob = await (await Person.arrive(world, "pub.bob")).signUp();
    await bob.visit();
    await bob.page
      .getByRole("button", { name: /^Browse public rooms/u })
      .first()
      .click();
    await bob.page.getByRole("button", { name: "Join Town square" }).click();
    await bob.page.getByRole("heading", { name: "Town square", level: 1 }).waitFor();
    await ada.call("DELETE", `/api/rooms/${room.id}`);
    await bob.page.getByRole("heading", { name: "You cannot open this room" }).waitFor();
  });
});
