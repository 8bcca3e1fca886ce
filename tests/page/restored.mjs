// An administrator restores a copy of the data folder while people have the page open.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { describe } from "node:test";
import { BINARY, roomOf, stage } from "./harness.mjs";

const { world, story } = stage();

const LINE = "The server was restored from a backup";

/** Copies the data folder of the stopped server. */
async function backUp() {
  const copy = `${world.server.data}.copy`;
  await world.server.kill("SIGTERM");
  rmSync(copy, { recursive: true, force: true });
  cpSync(world.server.data, copy, { recursive: true });
  await world.server.run();
  return copy;
}

/** Puts the copy in the place of the stopped server's data folder. */
function restore(copy) {
  rmSync(world.server.data, { recursive: true, force: true });
  cpSync(copy, world.server.data, { recursive: true });
}

const newEpoch = () => execFileSync(BINARY, ["new-epoch", "--data", world.server.data], { encoding: "utf8" });

const epochOf = async () => (await (await fetch(`${world.server.base}/api/server`)).json()).epoch;

/** That everybody sees what is stored, and nothing is left in anybody's outbox. */
async function agree(people, room, expected) {
  for (const person of people) {
    await person.reads(expected);
    await person.page.locator(".pending").first().waitFor({ state: "detached" });
  }
  const { items } = await people[0].call("GET", `/api/rooms/${room.id}/messages?limit=200`);
  const stored = items.filter(({ kind }) => kind === "text");
  assert.deepEqual(
    stored.map(({ body }) => body),
    expected,
  );
  for (const person of people) {
    const seqs = await person.page
      .locator(".message-row[data-seq]")
      .evaluateAll((rows) => rows.map((row) => Number(row.dataset.seq)));
    assert.deepEqual(
      seqs,
      stored.map(({ seq }) => seq),
      `${person.name}'s numbers`,
    );
  }
}

/** Messages that the backup does not have, then some that are written while the server is away. */
async function loseAndWrite(ada, bob, known) {
  const lost = ["lost 1", "lost 2", "lost 3"];
  for (const text of lost) await ada.say(text);
  await bob.reads([...known, ...lost]);
  await world.server.kill();
  for (const text of ["unsent 1", "unsent 2"]) await ada.say(text);
  assert.equal(await ada.page.locator(".pending").count(), 2);
}

describe("a restored backup", () => {
  for (const renewed of [true, false]) {
    const how = renewed ? "with a new epoch" : "without a new epoch: the numbers tell";
    story(`unsent messages are delivered and the view equals the server, ${how}`, async () => {
      const name = renewed ? "renewed" : "copied";
      const {
        room,
        people: [ada, bob],
      } = await roomOf(world, [`${name}.ada`, `${name}.bob`]);
      const other = await ada.createRoom("Elsewhere");
      await bob.call("POST", "/api/rooms/join", { code: other.access_code });
      await ada.say("kept");
      await bob.reads(["kept"]);
      const copy = await backUp();
      await Promise.all([ada.connected(), bob.connected()]);
      const before = await epochOf();

      // A room that nobody looks at has unread messages, which are lost as well.
      for (const body of ["lost there 1", "lost there 2"])
        await ada.call("POST", `/api/rooms/${other.id}/messages`, { body });
      const unread = bob.page.locator(".room-link.unread", { hasText: "Elsewhere" });
      await unread.waitFor();
      await loseAndWrite(ada, bob, ["kept"]);
      restore(copy);
      if (renewed) assert.match(newEpoch(), /[0-9a-f]{32}/u);
      await world.server.run();
      assert.equal((await epochOf()) !== before, renewed);

      await Promise.all([ada.sees(LINE), bob.sees(LINE)]);
      await Promise.all([ada.connected(), bob.connected()]);
      await agree([ada, bob], room, ["kept", "unsent 1", "unsent 2"]);
      await unread.waitFor({ state: "detached" });
      // From here on everything is as before.
      await bob.say("hello again");
      await agree([ada, bob], room, ["kept", "unsent 1", "unsent 2", "hello again"]);
      rmSync(copy, { recursive: true, force: true });
    });
  }
});
