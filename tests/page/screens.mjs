// Search, profiles, room settings, account settings and administration.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Person, roomOf, stage } from "./harness.mjs";

const { world, story } = stage();

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** Another picture, drawn in this page. */
async function drawn(page) {
  const bytes = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(64, 48);
    const brush = canvas.getContext("2d");
    brush.fillStyle = "teal";
    brush.fillRect(0, 0, 64, 48);
    return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
  });
  return Buffer.from(bytes);
}

const dialogOf = (person) => person.page.getByRole("dialog");

/** Returns the admin, who is the first user of the server. */
async function first() {
  const admin = await (await Person.arrive(world, "root")).signUp();
  return admin;
}

async function openSettings(person) {
  await person.page.getByRole("button", { name: "Settings and sign out" }).click();
  return dialogOf(person);
}

describe("screens", () => {
  story("admins list accounts, disable one and create a password link", async () => {
    const root = await first();
    const eve = await (await Person.arrive(world, "eve")).signUp();
    await root.visit();
    const settings = await openSettings(root);
    await settings.getByLabel("Scope").selectOption("admin");
    await settings.getByText("can control every account").waitFor();
    assert.equal(await settings.getByLabel("Limit to some of my rooms").count(), 0);
    await settings.getByRole("button", { name: "Administration" }).click();
    const row = dialogOf(root).locator(".session", { hasText: "@eve" });
    await row.getByRole("button", { name: "Password reset link" }).click();
    await row.getByRole("button", { name: "Password reset link" }).last().click();
    const link = await dialogOf(root).locator("output.code").textContent();
    assert.match(link, /\/reset\/.+/u);
    const forgetful = await Person.arrive(world, "forgetful");
    await forgetful.page.goto(new URL(link).pathname);
    await forgetful.page.getByLabel("New password").fill("a new password");
    await forgetful.page.getByRole("button", { name: "Set password" }).click();
    await forgetful.sees("Password changed. Sign in with your new password.");
    await forgetful.page.goto(new URL(link).pathname);
    await forgetful.page.getByLabel("New password").fill("another password");
    await forgetful.page.getByRole("button", { name: "Set password" }).click();
    await forgetful.sees("This link has expired or was already used.");
    await row.getByRole("button", { name: "Disable" }).click();
    await row.getByRole("group").getByRole("button", { name: "Disable" }).click();
    await row.getByText("Disabled").waitFor();
    await assert.rejects(eve.call("GET", "/api/me"), /401/u);
    await dialogOf(root).getByRole("button", { name: "Audit log" }).click();
    await dialogOf(root).getByText("disable", { exact: true }).waitFor();
    await dialogOf(root).getByRole("button", { name: "Server", exact: true }).click();
    await dialogOf(root).getByText("Open to everyone").waitFor();
  });

  story("a search finds a message and opens it in the history", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["find.ada", "find.bob"]);
    await ada.say("The <b>swordfish</b> swims at noon");
    await ada.say("something else");
    await bob.reads(["The <b>swordfish</b> swims at noon", "something else"]);
    await bob.page.getByRole("button", { name: "Search messages" }).click();
    await bob.page.getByLabel("Search text").fill("swordfi");
    const hit = dialogOf(bob).locator(".hit");
    // The index is up to a second behind.
    for (let turn = 0; turn < 20 && (await hit.count()) === 0; turn += 1) {
      await bob.page.getByRole("button", { name: "Search", exact: true }).click();
      await bob.page.waitForTimeout(250);
    }
    assert.equal(await hit.locator("mark").textContent(), "swordfi");
    await hit.click();
    await bob.page.waitForURL(new RegExp(`/r/${room.id}/\\d+$`, "u"));
    await bob.page.locator(".message-row.target", { hasText: "swordfish" }).waitFor();
  });

  story("keys open the switcher and the list of shortcuts", async () => {
    const {
      people: [ada],
    } = await roomOf(world, ["keys.ada", "keys.bob"], { name: "Lobby" });
    await ada.page.locator(".member", { hasText: "keys.bob" }).waitFor();
    const attic = await ada.createRoom("Attic");
    await ada.page.getByRole("link", { name: /Attic/u }).waitFor();
    await ada.page.keyboard.press("Control+k");
    await ada.page.getByRole("combobox").fill("att");
    await ada.page.keyboard.press("Enter");
    await ada.page.waitForURL(new RegExp(`/r/${attic.id}$`, "u"));
    await ada.page.keyboard.press("Control+k");
    await ada.page.getByRole("combobox").fill("keys.b");
    await ada.page.getByRole("option", { name: /@keys\.bob/u }).waitFor();
    await ada.page.keyboard.press("Enter");
    await ada.page.getByRole("heading", { name: "keys.bob", level: 1 }).waitFor();
    await ada.page.keyboard.press("Control+/");
    await dialogOf(ada)
      .getByText("Go to another room", { exact: false })
      .or(dialogOf(ada).locator("kbd").first())
      .first()
      .waitFor();
    await ada.page.keyboard.press("Escape");
  });

  story("a user's card: direct message, mute and removal", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["card.ada", "card.bob"]);
    const open = async () => {
      await ada.page
        .getByRole("complementary", { name: "Members" })
        .getByRole("button", { name: /card\.bob/u })
        .click();
      await dialogOf(ada).getByText("@card.bob").waitFor();
    };
    await open();
    await dialogOf(ada).getByRole("button", { name: "Mute for 10 minutes" }).click();
    await ada.sees("Done.");
    await assert.rejects(
      bob.call("POST", `/api/rooms/${new URL(bob.page.url()).pathname.split("/")[2]}/messages`, { body: "mmpf" }),
      /403/u,
    );
    await bob.sees("You are muted until");
    await dialogOf(ada).getByRole("button", { name: "Send a message" }).click();
    await ada.page.getByRole("heading", { name: "card.bob", level: 1 }).waitFor();
    await ada.say("just between us");
    await bob.page.getByRole("link", { name: /card\.ada/u }).click();
    await bob.reads(["just between us"]);
    await ada.page.goBack();
    await open();
    await dialogOf(ada).getByRole("button", { name: "Remove", exact: true }).click();
    await dialogOf(ada)
      .getByRole("group", { name: /Remove card\.bob/u })
      .getByRole("button", { name: "Remove" })
      .click();
    await ada.sees("card.bob was removed from the room.");
  });

  story("room settings: a one-use invite and a locked room", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["set.ada", "set.bob"]);
    await ada.page.getByRole("button", { name: "Room settings" }).click();
    await dialogOf(ada).getByLabel("Maximum uses (optional)").fill("1");
    await dialogOf(ada).getByRole("button", { name: "Create invite" }).click();
    const link = await dialogOf(ada).locator("output.code.small").textContent();
    assert.equal(
      await dialogOf(ada).getByRole("img", { name: "QR code of the invitation link" }).locator("visible=true").count(),
      1,
    );
    await dialogOf(ada).getByText("Show as a QR code").click();
    await dialogOf(ada)
      .getByRole("img", { name: "QR code of the invitation link" })
      .locator("visible=true")
      .nth(1)
      .waitFor();
    await dialogOf(ada)
      .getByText(/up to date/u)
      .waitFor();
    const eve = await (await Person.arrive(world, "set.eve")).signUp();
    await eve.page.goto(new URL(link).pathname);
    await eve.page.getByRole("button", { name: "Join room" }).click();
    await eve.page.waitForURL(new RegExp(`/r/${room.id}$`, "u"));
    await dialogOf(ada).getByLabel("Only moderators can post").check();
    await bob.sees("locked the room");
    await bob.sees("Only moderators can post in this room.");
    assert.equal(await ada.page.getByText("Only moderators can post in this room.").count(), 0);
    await bob.say("may I?");
    await bob.sees("Not sent:");
    await dialogOf(ada).getByLabel("Notify me about").selectOption("none");
    await ada.page.waitForFunction(
      async (id) => (await (await fetch("/api/rooms")).json()).find((one) => one.id === id).notify === "none",
      room.id,
    );
  });

  story("a profile picture is shown at messages, members and direct rooms", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["seen.ada", "seen.bob"]);
    const { id: direct } = await bob.call("POST", "/api/dms", { user_ids: [ada.id] });
    const change = async (method, body) => {
      const options = { method, data: body, headers: { origin: ada.base, "content-type": "application/octet-stream" } };
      assert.equal((await ada.context.request.fetch("/api/me/avatar", options)).status(), 204);
      return (await ada.call("GET", "/api/me")).user.avatar;
    };
    const shown = (version) => `img[src="/api/users/${ada.id}/avatar?v=${version}"]`;
    const places = [".message-row .avatar", ".members .member", `.room-link[href="/r/${direct}"]`];
    await ada.say("before");
    await bob.reads(["before"]);
    assert.equal(await bob.page.locator(".avatar img").count(), 0);
    // Each message says how its author looks now, and the page shows that everywhere.
    let former = null;
    for (const [text, picture] of [
      ["first", PNG],
      ["second", await drawn(ada.page)],
    ]) {
      const version = await change("PUT", picture);
      assert.match(version, /^[0-9a-f]{16}$/u);
      await ada.say(text);
      for (const place of places) {
        const image = bob.page.locator(`${place} ${shown(version)}`).first();
        await image.waitFor();
        await image.evaluate((element) => element.decode());
        if (former)
          await bob.page
            .locator(`${place} ${shown(former)}`)
            .first()
            .waitFor({ state: "detached" });
      }
      former = version;
    }
    const answer = await bob.context.request.get(`/api/users/${ada.id}/avatar?v=${former}`);
    assert.match(answer.headers()["cache-control"], /immutable/u);
    await change("DELETE");
    await ada.say("gone");
    await bob.page.locator(".avatar img").first().waitFor({ state: "detached" });
    assert.equal(await bob.page.locator(".avatar img").count(), 0);
  });

  story("emoji come from a colour font, digits from the font of the text", async () => {
    const {
      people: [ada],
    } = await roomOf(world, ["emoji.ada"]);
    const [family, range] = await ada.page.evaluate(() => [
      getComputedStyle(document.body).fontFamily,
      [...document.fonts].find((face) => /colour emoji/iu.test(face.family)).unicodeRange,
    ]);
    assert.match(family, /^"Colour Emoji"/u);
    const spans = range.split(",").map((span) =>
      span
        .trim()
        .slice(2)
        .split("-")
        .map((end) => Number.parseInt(end, 16)),
    );
    const covers = (text) =>
      [...text].every((character) =>
        spans.some(([from, to = from]) => character.codePointAt(0) >= from && character.codePointAt(0) <= to),
      );
    for (const emoji of ["👍", "😀", "❤️", "☀️", "✅", "⚠️", "👩‍💻", "🇩🇪", "🫠"]) assert.ok(covers(emoji), emoji);
    for (const character of "09#*a©®™→é") assert.ok(!covers(character), character);
  });

  story("settings: profile, token, theme and deletion of the account", async () => {
    const {
      room,
      people: [ada],
    } = await roomOf(world, ["own.ada"]);
    const settings = await openSettings(ada);
    await settings.getByLabel("About you").fill("I count things.");
    await settings.locator("form", { hasText: "About you" }).getByRole("button", { name: "Save" }).click();
    await ada.sees("Profile saved.");
    await settings.locator('input[type="file"]').setInputFiles({ name: "me.png", mimeType: "image/png", buffer: PNG });
    await ada.sees("Profile picture updated.");
    assert.equal((await ada.context.request.get(`/api/users/${ada.id}/avatar`)).headers()["content-type"], "image/png");
    await settings.locator(".avatar-image img").waitFor();
    await settings.getByRole("button", { name: "Remove" }).click();
    await ada.sees("Profile picture removed.");
    await settings.locator(".avatar-image img").waitFor({ state: "detached" });
    await settings.getByLabel("Token name").fill("backup");
    await settings.getByRole("button", { name: "Create token" }).click();
    const token = await settings.locator("output.code.small").textContent();
    const answer = await fetch(`${world.server.base}/api/me`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await answer.json()).user.about, "I count things.");
    // One that posts in one room only; what admins do is not on offer for others.
    assert.equal(await settings.getByLabel("Scope").locator('option[value="admin"]').count(), 0);
    const other = await ada.createRoom("Elsewhere");
    await settings.getByLabel("Token name").fill("alerts");
    await settings.getByLabel("Scope").selectOption("post");
    await settings.getByLabel("Limit to some of my rooms").check();
    await settings.getByRole("group", { name: "Rooms" }).getByLabel("Lobby").check();
    await settings.getByRole("button", { name: "Create token" }).click();
    await settings.getByText("Only in: Lobby").waitFor();
    const alerts = await settings.locator("output.code.small").textContent();
    const say = (id) =>
      fetch(`${world.server.base}/api/rooms/${id}/messages`, {
        method: "POST",
        body: "disk full",
        headers: { authorization: `Bearer ${alerts}` },
      });
    assert.deepEqual([(await say(room.id)).status, (await say(other.id)).status], [201, 404]);
    await settings.getByLabel("Theme").selectOption("dark");
    assert.equal(await ada.page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await settings.getByRole("button", { name: "Delete account" }).click();
    await settings.getByLabel("Your password").fill("wrong wrong");
    await settings.getByRole("button", { name: "Delete account" }).click();
    await settings.locator(".field-error").waitFor();
  });
});
