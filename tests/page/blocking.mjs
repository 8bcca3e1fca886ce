// Blocked users are not notified, and their messages ask for no attention.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { roomOf, stage } from "./harness.mjs";

const { world, story } = stage();

const reaction = (person, emoji) => person.page.locator(".reaction", { hasText: emoji });

/** Blocks somebody, or hears them again, by their card. */
async function turn(person, name, verb) {
  await person.page.getByRole("complementary", { name: "Members" }).getByRole("button", { name }).click();
  const dialog = person.page.getByRole("dialog");
  await dialog.getByRole("button", { name: verb, exact: true }).click();
  await dialog.getByRole("group").getByRole("button", { name: verb, exact: true }).click();
  await dialog.getByRole("button", { name: verb === "Block" ? "Unblock" : "Block", exact: true }).waitFor();
  await person.page.keyboard.press("Escape");
}

describe("blocking", () => {
  story("reactions and mentions of a blocked user are hidden until they are unblocked", async () => {
    const {
      room,
      people: [ada, bob, eve],
    } = await roomOf(world, ["block.ada", "block.bob", "block.eve"]);
    const path = `/api/rooms/${room.id}/messages`;
    const { seq } = await ada.call("POST", path, { body: "We made it" });
    const react = (person, emoji) => person.call("PUT", `${path}/${seq}/reactions/${encodeURIComponent(emoji)}`);
    await react(bob, "🎉");
    await react(eve, "🎉");
    await react(eve, "🙈");
    await eve.say("and where is @block.ada?");
    await ada.page.locator(".mention.mine").waitFor();
    await reaction(ada, "🎉 2").waitFor();

    await turn(ada, /block\.eve/u, "Block");
    await reaction(ada, "🎉 1").waitFor();
    await reaction(ada, "🙈").waitFor({ state: "detached" });
    await ada.page.locator(".mention:not(.mine)", { hasText: "@block.ada" }).waitFor();
    assert.doesNotMatch(await reaction(ada, "🎉").getAttribute("aria-label"), /eve/u);
    await reaction(bob, "🎉 2").waitFor();

    await ada.page.reload();
    await reaction(ada, "🎉 1").waitFor();
    await reaction(ada, "🙈").waitFor({ state: "detached" });
    await ada.page.locator(".mention:not(.mine)", { hasText: "@block.ada" }).waitFor();

    await turn(ada, /block\.eve/u, "Unblock");
    await reaction(ada, "🎉 2").waitFor();
    await reaction(ada, "🙈").waitFor();
    await ada.page.locator(".mention.mine").waitFor();
  });

  story("unblocking in the settings takes effect immediately", async () => {
    const {
      room,
      people: [ada, eve],
    } = await roomOf(world, ["again.ada", "again.eve"]);
    const path = `/api/rooms/${room.id}/messages`;
    const { seq } = await ada.call("POST", path, { body: "We made it" });
    await eve.call("PUT", `${path}/${seq}/reactions/${encodeURIComponent("🎉")}`);
    await ada.call("PUT", `/api/me/blocks/${eve.id}`);
    await ada.visit(`/r/${room.id}`);
    await ada.reads(["We made it"]);
    await reaction(ada, "🎉").waitFor({ state: "detached" });
    await ada.page.getByRole("button", { name: "Settings and sign out" }).click();
    await ada.page.getByRole("dialog").getByRole("button", { name: "Unblock" }).click();
    await reaction(ada, "🎉 1").waitFor();
  });

  story("mentions by a blocked user do not count, mentions by others do", async () => {
    const {
      room,
      people: [ada, bob, eve],
    } = await roomOf(world, ["count.ada", "count.bob", "count.eve"]);
    await ada.call("PUT", `/api/me/blocks/${eve.id}`);
    const attic = await ada.createRoom("Attic");
    const known = ada.page.waitForResponse((response) => response.url().endsWith("/api/me/blocks"));
    await ada.visit(`/r/${attic.id}`);
    await known;
    const link = ada.page.getByRole("link", { name: /Lobby/u });
    await eve.say("@count.ada, come here!");
    await link.getByText("1 unread message").waitFor({ state: "attached" });
    assert.equal(await link.locator(".badge").count(), 0);
    await bob.say("@room, dinner");
    await link.getByText("2 unread messages, 1 mention").waitFor({ state: "attached" });
    const { mentions } = (await ada.call("GET", "/api/rooms")).find(({ id }) => id === room.id);
    assert.equal(mentions, 1, "as the server counts them");
  });
});
