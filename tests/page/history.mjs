// The log over a long history.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { fillHistory, roomOf, stage } from "./harness.mjs";

const { world, story } = stage();

/** Runs in the page: how far the end of the log is below what is seen of it; with `wanted`, whether it is so far. */
const distance = (wanted) => {
  const { scrollHeight, scrollTop, clientHeight } = document.querySelector(".log");
  const far = Math.round(scrollHeight - scrollTop - clientHeight);
  return wanted === undefined ? far : far === wanted;
};
/** A wheel turns for a while. */
const fromTheEnd = (person, wanted) => person.page.waitForFunction(distance, wanted);

describe("history", () => {
  const COUNT = 260;
  const expected = Array.from({ length: COUNT }, (_, index) => `line ${index + 1}`);

  story("scrolling up loads the history and keeps the reader's line in place", async () => {
    const {
      room,
      people: [ada],
    } = await roomOf(world, ["history.ada"]);
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
        const row = [...document.querySelectorAll(".message-row")].find(
          (candidate) => candidate.getBoundingClientRect().top >= top,
        );
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
    assert.ok(
      jumps.every((jump) => Math.abs(jump) < 1.5),
      `the line moved: ${jumps}`,
    );
    await ada.reads(expected);
  });

  story("a long history is drawn as a window, and the reader's line stays in place", async () => {
    const {
      room,
      people: [ada],
    } = await roomOf(world, ["window.ada"]);
    await fillHistory(ada, room.id, 700);
    await ada.page.reload();
    await ada.page.locator(".body", { hasText: "line 700" }).waitFor();
    /** Runs in the page: scrolls to one end of the history, and tells how far lines moved and how many there were. */
    const travel = async (direction) => {
      const box = document.querySelector(".log");
      const rows = () => [...document.querySelectorAll(".message-row")];
      const atEnd = () =>
        direction < 0
          ? document.querySelector(".beginning") && box.scrollTop === 0
          : !document.querySelector(".log-rows + .log-more") && box.scrollHeight - box.scrollTop - box.clientHeight < 1;
      const frames = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      let [moved, most] = [0, 0];
      while (!atEnd()) {
        box.scrollTop += direction * 300;
        const top = box.getBoundingClientRect().top;
        const row = rows().find((candidate) => candidate.getBoundingClientRect().top >= top);
        const at = row.getBoundingClientRect().top;
        await frames();
        const same = document.querySelector(`[data-key="${row.dataset.key}"]`);
        // There is nothing below the end that could hold a line where it was.
        if (!atEnd()) moved = Math.max(moved, same ? Math.abs(same.getBoundingClientRect().top - at) : Infinity);
        most = Math.max(most, rows().length);
      }
      return {
        moved,
        most,
        first: rows()[0].querySelector(".body").textContent,
        last: rows().at(-1).querySelector(".body").textContent,
      };
    };
    for (const [direction, end] of [
      [-1, "line 1"],
      [1, "line 700"],
    ]) {
      const { moved, most, first, last } = await ada.page.evaluate(travel, direction);
      assert.ok(moved < 1.5, `a line moved by ${moved} px`);
      assert.ok(most <= 300, `${most} rows`);
      assert.equal(direction < 0 ? first : last, end);
    }
  });

  story("only messages that were scrolled past are read", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["past.ada", "past.bob"]);
    await bob.page.goto("about:blank");
    await fillHistory(ada, room.id, 180);
    await bob.visit(`/r/${room.id}`);
    await bob.page.locator(".unread-divider").waitFor();
    const standing = async () => (await bob.call("GET", "/api/rooms")).find(({ id }) => id === room.id);
    await bob.page.evaluate(() => (document.querySelector(".log").scrollTop += 100));
    await bob.page.waitForFunction(() => /^\(1[0-7]\d\) /u.test(document.title) && document.title !== "(180) Lobby");
    const { unread, read_seq: readSeq } = await standing();
    const ended = await bob.page.evaluate(() => {
      const bottom = document.querySelector(".log").getBoundingClientRect().bottom;
      return Number(
        [...document.querySelectorAll(".message-row")].findLast(
          (row) => row.getBoundingClientRect().bottom <= bottom + 1,
        ).dataset.seq,
      );
    });
    assert.equal(readSeq, ended);
    assert.ok(unread > 100 && unread < 180, `${unread} unread`);
  });

  story("a new message does not move a reader who scrolled up; the pill leads back", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["pill.ada", "pill.bob"]);
    await fillHistory(ada, room.id, 80);
    await bob.page.locator(".body", { hasText: "line 80" }).waitFor();
    await bob.page.getByRole("log").hover();
    await bob.page.mouse.wheel(0, -900);
    await bob.page.locator(".pill").waitFor();
    await fromTheEnd(bob, 900);
    const at = () => bob.page.evaluate(() => document.querySelector(".log").scrollTop);
    const before = await at();
    await ada.say("over here");
    await bob.page.getByRole("button", { name: "1 new message" }).waitFor();
    assert.equal(await at(), before);
    await bob.page.getByRole("button", { name: "1 new message" }).click();
    await bob.page.locator(".pill").waitFor({ state: "detached" });
    await bob.page.waitForFunction(() => document.title === "Lobby");
  });

  story("scrolling up while the page is busy is not undone", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["slow.ada", "slow.bob"]);
    await fillHistory(ada, room.id, 80);
    await bob.page.locator(".body", { hasText: "line 80" }).waitFor();
    await bob.page.getByRole("log").hover();
    // The browser scrolls meanwhile, and the page hears of the wheel when the log has moved already.
    const busy = bob.page.evaluate(() => {
      const until = performance.now() + 1_000;
      while (performance.now() < until);
    });
    await bob.page.mouse.wheel(0, -900);
    await busy;
    await bob.page.locator(".pill").waitFor();
    await fromTheEnd(bob, 900);
    // A timer that began with the wheel, and lasts as long as this one, has fired before it.
    await bob.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1_000)));
    assert.equal(await bob.page.evaluate(distance), 900);
  });

  story("the log follows new messages near its end only", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["near.ada", "near.bob"]);
    await fillHistory(ada, room.id, 60);
    await bob.page.locator(".body", { hasText: "line 60" }).waitFor();
    await bob.page.evaluate(() => document.querySelector(".log").scrollBy(0, -60));
    await fromTheEnd(bob, 60);
    // The tools of a message are fetched, and the log is drawn again with them.
    await bob.page.locator(".message-row", { hasText: "line 55" }).hover();
    await bob.page.getByRole("toolbar").waitFor();
    assert.equal(await bob.page.evaluate(distance), 60);
    await ada.say("come along");
    await fromTheEnd(bob, 0);
    await bob.page.locator(".body", { hasText: "come along" }).waitFor();
  });

  story("a reader can scroll up while others post", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["busy.ada", "busy.bob"]);
    await fillHistory(ada, room.id, 80);
    await bob.page.locator(".body", { hasText: "line 80" }).waitFor();
    await bob.page.getByRole("log").hover();
    const writing = fillHistory(ada, room.id, 40, "more");
    // The first steps leave the reader within reach of the end.
    for (let turn = 0; turn < 9; turn += 1) await bob.page.mouse.wheel(0, -100);
    await bob.page.locator(".pill").waitFor();
    await writing;
    // On a busy machine all of those may have come before the first step up.
    await fillHistory(ada, room.id, 1, "last");
    await bob.page.getByRole("button", { name: /new message/u }).click();
    await fromTheEnd(bob, 0);
  });

  story("a link to one message opens the history there, in both directions", async () => {
    const {
      room,
      people: [ada],
    } = await roomOf(world, ["link.ada"]);
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
    await ada.page.getByRole("button", { name: "Jump to the newest messages" }).click();
    await ada.page.locator(".body", { hasText: `line ${COUNT}` }).waitFor();
    await ada.say("from the present");
    await ada.page.locator(".message-row:not(.pending) .body", { hasText: "from the present" }).waitFor();
  });

  story("far behind, the log opens at the first unread message", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["far.ada", "far.bob"]);
    await bob.page.goto("about:blank");
    await fillHistory(ada, room.id, 180);
    await bob.visit(`/r/${room.id}`);
    await bob.page.locator(".unread-divider").waitFor();
    await bob.page.locator(".unread-divider + .message-row", { hasText: "line 1" }).waitFor();
    assert.equal(
      await bob.page
        .locator(".unread-divider")
        .evaluate(
          (row) => row.getBoundingClientRect().top > document.querySelector(".log").getBoundingClientRect().top,
        ),
      true,
    );
  });
});
