// A server that goes away, a network that does, and what is said meanwhile.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Between } from "./proxy.mjs";
import { PASSWORD, Person, fillHistory, roomOf, stage } from "./harness.mjs";

const { world, story } = stage();

/** Milliseconds without a network after the page has noticed; `scripts/test-page` sets a minute. */
const AWAY_MS = Number(process.env.PARLOR_AWAY_MS ?? 3_000);

describe("being away", () => {
  story("an open page survives a kill of the server", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["kill.ada", "kill.bob"]);
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
    assert.deepEqual(
      items.filter(({ kind }) => kind === "text").map(({ body }) => body),
      talk,
    );
    assert.deepEqual(
      items.map(({ seq }) => seq),
      items.map((_, index) => index + 1),
    );
  });

  story("an open page survives a restart of the server", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["bye.ada", "bye.bob"]);
    await ada.say("before");
    await bob.reads(["before"]);
    await world.server.kill("SIGTERM");
    await bob.say("meanwhile");
    await world.server.run();
    await Promise.all([ada.connected(), bob.connected()]);
    await ada.reads(["before", "meanwhile"]);
    await bob.reads(["before", "meanwhile"]);
  });

  story("unsent messages survive a reload while the server is down", async () => {
    const {
      people: [ada],
    } = await roomOf(world, ["reload.ada"]);
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

  story("unsent messages survive the end of the session and are sent after the next sign-in", async () => {
    const between = await Between.start(world.server);
    try {
      const ada = await (await Person.arrive({ ...world, server: between }, "again.ada")).signUp();
      const room = await ada.createRoom("Lobby");
      await ada.visit(`/r/${room.id}`);
      between.freeze();
      await ada.say("kept for later");
      await ada.page.locator(".banner").waitFor({ timeout: 60_000 });
      const kept = await ada.page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
      assert.deepEqual(kept, ["parlor"]);
      const elsewhere = await fetch(`${world.server.base}/api/auth/signin`, {
        method: "POST",
        body: JSON.stringify({ username: "again.ada", password: PASSWORD }),
      });
      const { access_token: token } = await elsewhere.json();
      const authorization = `Bearer ${token}`;
      const { items } = await (
        await fetch(`${world.server.base}/api/me/sessions`, { headers: { authorization } })
      ).json();
      for (const { id, current } of items)
        if (!current)
          await fetch(`${world.server.base}/api/me/sessions/${id}`, { method: "DELETE", headers: { authorization } });
      between.thaw();
      await ada.page.getByRole("button", { name: "Retry now" }).click();
      await ada.sees("Your session has ended");
      await ada.page.getByLabel("Username").fill("again.ada");
      await ada.page.getByLabel("Password").fill(PASSWORD);
      await ada.page.getByRole("button", { name: "Sign in" }).click();
      await ada.page.locator(".message-row:not(.pending) .body", { hasText: "kept for later" }).waitFor();
      assert.deepEqual(await ada.said(), ["kept for later"], "once");
    } finally {
      between.stop();
    }
  });

  story("messages of both sides arrive after an offline period", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["off.ada", "off.bob"]);
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

  story("messages of both sides arrive after a half-open socket", async () => {
    const between = await Between.start(world.server);
    try {
      const ada = await (await Person.arrive(world, "half.ada")).signUp();
      const room = await ada.createRoom("Lobby");
      await ada.visit(`/r/${room.id}`);
      const bob = await (await Person.arrive({ ...world, server: between }, "half.bob")).signUp();
      await bob.call("POST", "/api/rooms/join", { code: room.access_code });
      await bob.visit(`/r/${room.id}`);
      await ada.say("together");
      await bob.reads(["together"]);
      // Nothing arrives any more, and nobody is told: no error, no end, no event of the browser.
      between.freeze();
      for (const number of [1, 2, 3]) await ada.say(`from ada ${number}`);
      for (const number of [1, 2, 3]) await bob.say(`from bob ${number}`);
      await bob.page.locator(".banner").waitFor({ timeout: 60_000 });
      await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
      assert.equal(await bob.page.locator(".pending").count(), 3);
      between.thaw();
      const talk = ["together", "from ada 1", "from ada 2", "from ada 3", "from bob 1", "from bob 2", "from bob 3"];
      await bob.page.getByRole("button", { name: "Retry now" }).click();
      for (const person of [ada, bob]) await person.reads(talk);
      await bob.page.locator(".banner").waitFor({ state: "detached" });
      await bob.page.getByText("Reconnected. Up to date.").waitFor();
      assert.equal(await bob.page.locator(".pending").count(), 0);
      const { items } = await ada.call("GET", `/api/rooms/${room.id}/messages?limit=200`);
      assert.deepEqual(
        items.filter(({ kind }) => kind === "text").map(({ body }) => body),
        talk,
        "once each",
      );
    } finally {
      between.stop();
    }
  });

  story("the page catches up when it missed more than one sync returns", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["many.ada", "many.bob"]);
    await ada.say("together");
    await bob.reads(["together"]);
    await bob.context.setOffline(true);
    await bob.page.locator('[data-connection="waiting"], [data-connection="connecting"]').first().waitFor();
    await fillHistory(ada, room.id, 1_100, "missed");
    await bob.context.setOffline(false);
    await bob.connected();
    await ada.say("the last");
    await bob.page.locator(".message-row .body", { hasText: "the last" }).waitFor();
    const seqs = await bob.page.evaluate(() =>
      [...document.querySelectorAll(".message-row[data-seq]")].map((row) => Number(row.dataset.seq)),
    );
    assert.deepEqual(
      seqs,
      seqs.map((_, index) => seqs[0] + index),
      "no hole and no double",
    );
    const { head } = await bob.call("GET", `/api/rooms/${room.id}/messages?limit=1`);
    assert.equal(seqs.at(-1), head.seq);
  });
});
