// Small things that people stumbled over.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Person, fillHistory, roomOf, scratch, stage } from "./harness.mjs";

const { world, story } = stage();
const file = scratch();

/** A byte more than a server takes, unless it is told otherwise. */
const TOO_LARGE = 25 * 1_024 * 1_024 + 1;

const boxOf = (locator) => locator.evaluate((element) => element.getBoundingClientRect().toJSON());
const colourOf = (locator, property = "backgroundColor") =>
  locator.evaluate((element, name) => getComputedStyle(element)[name], property);

describe("details", () => {
  // The first one: it needs a server without accounts.
  story('an empty server greets its first user without "welcome back"', async () => {
    const ada = await Person.arrive(world, "setup.ada");
    const { page } = ada;
    await page.goto("/");
    await page.getByRole("heading", { name: "Welcome to your new server" }).waitFor();
    assert.equal(await page.getByText("Welcome back").count(), 0);
    assert.equal(await page.getByRole("button", { name: "Sign in" }).count(), 0, "nobody can");
    assert.equal(await page.getByLabel(/Access code/u).count(), 0, "nor has anybody a code");
    await page.getByLabel("Username").fill("setup.ada");
    await page.getByLabel("Password").fill("correct horse battery");
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByRole("heading", { name: /^Hello/u }).waitFor();
    await page.getByRole("button", { name: "Settings and sign out" }).click();
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await page.getByRole("heading", { name: "Welcome back" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Welcome back" }).waitFor();
  });

  story("the tools of the topmost message are not clipped", async () => {
    const {
      room,
      people: [ada],
    } = await roomOf(world, ["tools.ada"]);
    await fillHistory(ada, room.id, 80);
    const log = ada.page.getByRole("log");
    await ada.page.locator(".message-row .body", { hasText: /^line 80$/u }).waitFor();
    const before = await log.evaluate((box) => box.scrollHeight);
    // Half of a row is above the upper edge.
    const seq = await log.evaluate((box) => {
      const row = [...box.querySelectorAll(".message-row")].at(-45);
      box.scrollTop = row.offsetTop + row.offsetHeight / 2;
      return row.dataset.seq;
    });
    const toolbar = ada.page.getByRole("toolbar");
    const isWhole = async (row) => {
      await row.hover({ force: true, position: { x: 300, y: (await boxOf(row)).height - 3 } });
      await toolbar.waitFor();
      const [tools, frame] = [await boxOf(toolbar), await boxOf(log)];
      assert.ok(tools.top >= frame.top && tools.bottom <= frame.bottom, JSON.stringify([tools, frame]));
      for (const button of await toolbar.getByRole("button").all()) {
        const isHit = await button.evaluate((element) => {
          const { x, y, width, height } = element.getBoundingClientRect();
          return [
            [width / 2, 2],
            [width / 2, height - 2],
          ].every(([right, down]) => element.contains(document.elementFromPoint(x + right, y + down)));
        });
        assert.ok(isHit, await button.getAttribute("aria-label"));
      }
      return tools;
    };
    const top = ada.page.locator(`.message-row[data-seq="${seq}"]`);
    await isWhole(top);
    // It stays so while the log is scrolled under the pointer.
    const middle = ada.page.locator(".message-row").nth(-15);
    const [tools, row] = [await isWhole(middle), await boxOf(middle)];
    assert.ok(
      Math.abs(tools.top + tools.height / 2 - row.top) < 4,
      "elsewhere they stand on the upper edge of their row",
    );
    // And those of the last one do not make the log longer.
    await log.evaluate((box) => (box.scrollTop = box.scrollHeight));
    await isWhole(ada.page.locator(".message-row").last());
    assert.equal(await log.evaluate((box) => box.scrollHeight), before);
  });

  story("a room that failed to open is retried on the same connection", async () => {
    const {
      people: [ada],
    } = await roomOf(world, ["offline.ada"]);
    const side = await ada.createRoom("Elsewhere");
    await ada.say("hello");
    await ada.reads(["hello"]);
    await ada.call("POST", `/api/rooms/${side.id}/messages`, { body: "over here" });
    await ada.page.getByRole("link", { name: /Elsewhere/u }).waitFor();
    let isAway = true;
    await ada.page.route("**/messages?*", (route) => (isAway ? route.abort() : route.continue()));
    await ada.page.getByRole("link", { name: /Elsewhere/u }).click();
    await ada.sees("The server cannot be reached");
    // The socket has noticed nothing, so no `ready` comes.
    isAway = false;
    await ada.reads(["over here"]);
  });

  story("a room opened offline loads after reconnecting", async () => {
    const {
      people: [ada],
    } = await roomOf(world, ["gone.ada"]);
    const side = await ada.createRoom("Elsewhere");
    await ada.call("POST", `/api/rooms/${side.id}/messages`, { body: "over here" });
    await ada.page.getByRole("link", { name: /Elsewhere/u }).waitFor();
    await ada.context.setOffline(true);
    await ada.page.getByRole("link", { name: /Elsewhere/u }).click();
    await ada.sees("The server cannot be reached");
    await ada.page.locator(".banner").waitFor();
    await ada.context.setOffline(false);
    await ada.reads(["over here"]);
  });

  story("clearing the field ends the typing indicator", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["stop.ada", "stop.bob"]);
    const line = bob.page.locator(".typing");
    await ada.composer.pressSequentially("never mi");
    await line.filter({ hasText: "stop.ada is typing" }).waitFor();
    const shownAt = await bob.page.evaluate(() => performance.now());
    await ada.composer.fill("");
    await bob.page.waitForFunction(() => document.querySelector(".typing").textContent === "");
    // By itself it would have gone after 8 s.
    assert.ok((await bob.page.evaluate(() => performance.now())) - shownAt < 7_500);
  });

  story("a file above the limit is refused before it is uploaded", async () => {
    const {
      people: [ada],
    } = await roomOf(world, ["limit.ada"]);
    const uploads = [];
    ada.page.on("request", (request) => request.url().includes("/files") && uploads.push(request.url()));
    const picker = ada.page.locator('.composer input[type="file"]');
    await picker.setInputFiles([file("large.bin", TOO_LARGE), file("small.txt", 3)]);
    await ada.page.locator(".upload.failed", { hasText: "large.bin" }).getByText("Larger than 25 MB").waitFor();
    await ada.page.locator(".upload.ready", { hasText: "small.txt" }).waitFor();
    assert.deepEqual(
      uploads.map((url) => new URL(url).searchParams.get("name")),
      ["small.txt"],
    );
    await ada.page.getByRole("button", { name: "Remove large.bin" }).click();
    await ada.composer.press("Enter");
    await ada.page.locator(".message-row .file", { hasText: "small.txt" }).waitFor();
  });

  story("an expired invitation is not shown as a success", async () => {
    const ada = await (await Person.arrive(world, "dead.ada")).signUp();
    const room = await ada.createRoom("Garden");
    const { page } = await Person.arrive(world, "dead.guest");
    const notice = page.locator(".notice");
    await page.goto(`/i/${room.access_code}`);
    await notice.filter({ hasText: "Garden" }).waitFor();
    const alive = [await colourOf(notice), await colourOf(notice, "color")];
    await page.goto("/i/NO-SUCH-CODE");
    await notice.filter({ hasText: "expired or already used" }).waitFor();
    const over = [await colourOf(notice), await colourOf(notice, "color")];
    const bad = await page.evaluate(() => {
      const probe = document.body.appendChild(document.createElement("p"));
      probe.className = "form-error";
      const { backgroundColor, color } = getComputedStyle(probe);
      probe.remove();
      return [backgroundColor, color];
    });
    assert.deepEqual(over, bad);
    assert.ok(alive[0] !== over[0] && alive[1] !== over[1]);
  });

  for (const width of [1280, 360]) {
    story(`the form for a new password keeps its width when it is refused, ${width} px`, async () => {
      const { page } = await Person.arrive(world, "reset", { viewport: { width, height: 740 } });
      await page.goto("/reset/no-such-link");
      const form = page.locator("form");
      await form.waitFor();
      const field = page.getByLabel("New password");
      const before = [await boxOf(form), await boxOf(field)].map((box) => box.width);
      await field.fill("another horse");
      await page.getByRole("button", { name: "Set password" }).click();
      await page.getByRole("alert").filter({ hasText: /\S/u }).first().waitFor();
      assert.deepEqual(
        [await boxOf(form), await boxOf(field)].map((box) => box.width),
        before,
      );
    });
  }

  for (const reducedMotion of ["no-preference", "reduce"]) {
    story(`the highlight of a linked message fades, motion: ${reducedMotion}`, async () => {
      const ada = await (await Person.arrive(world, `link.${reducedMotion.slice(0, 2)}`, { reducedMotion })).signUp();
      const room = await ada.createRoom("Lobby");
      await ada.visit(`/r/${room.id}`);
      await fillHistory(ada, room.id, 10);
      const { items } = await ada.call("GET", `/api/rooms/${room.id}/messages`);
      const { seq } = items.find(({ body }) => body === "line 4");
      await ada.page.evaluate(() => {
        globalThis.marks = [];
        addEventListener("animationstart", ({ animationName, target }) =>
          globalThis.marks.push([animationName, getComputedStyle(target).backgroundColor]),
        );
      });
      await ada.page.evaluate(
        (path) => (history.pushState(null, "", path), dispatchEvent(new PopStateEvent("popstate"))),
        `/r/${room.id}/${seq}`,
      );
      const row = ada.page.locator(".message-row.target");
      await row.waitFor();
      // Looked at while it runs, and after it has ended.
      const ended = await row.evaluate(async (element) => {
        const [animation] = element.getAnimations();
        const { duration, easing } = animation.effect.getComputedTiming();
        const during = getComputedStyle(element).backgroundColor;
        await animation.finished;
        return {
          during,
          after: getComputedStyle(element).backgroundColor,
          duration,
          easing,
          frames: animation.effect.getKeyframes().map((frame) => frame.easing),
        };
      });
      assert.equal(ended.after, "rgba(0, 0, 0, 0)");
      assert.notEqual(ended.during, ended.after);
      assert.equal(ended.duration, 4_000);
      if (reducedMotion === "reduce")
        assert.ok(
          ended.frames.every((easing) => /^steps\(1/u.test(easing)),
          JSON.stringify(ended),
        );
    });
  }
});
