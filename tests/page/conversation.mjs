// Message actions: reply, react, edit, pin, delete and send files.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { roomOf, stage } from "./harness.mjs";

const { world, story } = stage();

const row = (person, text) => person.page.locator(".message-row", { hasText: text }).first();

/** Opens the tools of the message that says so. */
async function tools(person, text) {
  await row(person, text).hover();
  const bar = person.page.getByRole("toolbar");
  await bar.waitFor();
  return bar;
}

async function more(person, text, item) {
  const bar = await tools(person, text);
  await bar.getByRole("button", { name: "More actions" }).click();
  await bar.getByRole("button", { name: item }).click();
}

/** A promise, and how it is kept. */
function later() {
  const kept = {};
  kept.promise = new Promise((resolve) => (kept.resolve = resolve));
  return kept;
}

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

describe("a conversation", () => {
  story("replies link to the original and follow its changes", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["reply.ada", "reply.bob"]);
    await ada.say("Milk or lemon?");
    await (await tools(bob, "Milk or lemon?")).getByRole("button", { name: "Reply" }).click();
    await bob.sees("Replying to reply.ada");
    await bob.say("Lemon");
    const quote = ada.page.locator(".quote");
    await quote.filter({ hasText: "Milk or lemon?" }).waitFor();
    await quote.click();
    await ada.page.waitForURL(/\/r\/\d+\/\d+$/u);
    await row(ada, "Milk or lemon?").and(ada.page.locator(".target")).waitFor();
    assert.equal(await bob.page.locator(".purpose").count(), 0);
  });

  story("the arrow key edits the last message, and others read its versions", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["edit.ada", "edit.bob"]);
    await ada.say("helo");
    await ada.reads(["helo"]);
    await ada.composer.press("ArrowUp");
    await ada.sees("Editing your message");
    await ada.page.waitForFunction(() => document.getElementById("composer").value === "helo");
    await ada.say("hello");
    await bob.reads(["hello"]);
    await bob.sees("(edited)");
    await ada.page.waitForFunction(() => document.getElementById("composer").value === "");
    await more(bob, "hello", "Earlier versions");
    const dialog = bob.page.getByRole("dialog", { name: "Earlier versions" });
    await dialog.getByText("helo", { exact: true }).waitFor();
    await bob.page.keyboard.press("Escape");
    assert.equal(await (await tools(bob, "hello")).getByRole("button", { name: "Edit" }).count(), 0, "not by others");
  });

  story("a click toggles a reaction, which lists its users", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["react.ada", "react.bob"]);
    await ada.say("We made it");
    await (await tools(bob, "We made it")).getByRole("button", { name: "React" }).click();
    const dialog = bob.page.getByRole("dialog");
    await dialog.getByLabel("Search, or type an emoji").fill("party");
    await dialog
      .getByRole("button", { name: /^party/u })
      .first()
      .click();
    const reaction = ada.page.getByRole("button", { name: /🎉 1 by react\.bob/u });
    await reaction.waitFor();
    await reaction.click();
    await bob.page.locator(".reaction", { hasText: "2" }).click();
    await bob.page.locator('.reaction[aria-pressed="false"]', { hasText: "1" }).waitFor();
  });

  story("a message is pinned, listed and deleted for everyone", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["pin.ada", "pin.bob"]);
    await ada.say("The door code is on the fridge");
    await more(ada, "The door code", "Pin");
    await bob.page.locator(".pinned").first().waitFor();
    await bob.page.getByRole("button", { name: "Pinned messages" }).click();
    await bob.page.getByRole("dialog").getByText("The door code is on the fridge").waitFor();
    await bob.page.getByRole("button", { name: "Show in the room" }).click();
    await bob.page.waitForURL(/\/r\/\d+\/\d+$/u);
    await more(ada, "The door code", "Delete");
    await ada.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    for (const person of [ada, bob]) await person.reads(["This message was deleted."]);
  });

  story("keys: arrows move the focus, letters act on the focused message", async () => {
    const {
      people: [ada],
    } = await roomOf(world, ["keys.ada"]);
    await ada.say("one");
    await ada.say("two");
    await ada.reads(["one", "two"]);
    await ada.page.locator(".log").focus();
    await ada.page.keyboard.press("ArrowUp");
    await ada.page.keyboard.press("ArrowUp");
    await ada.page.getByRole("toolbar").waitFor();
    await ada.page.keyboard.press("e");
    await ada.sees("Editing your message");
    await ada.page.waitForFunction(() => document.getElementById("composer").value === "one");
    await ada.page.keyboard.press("Escape");
    await ada.page.waitForFunction(() => document.getElementById("composer").value === "");
  });

  story("keys: r replies, + reacts, d deletes, Escape returns", async () => {
    const {
      people: [ada],
    } = await roomOf(world, ["red.ada"]);
    await ada.say("the only one");
    await ada.page.locator(".message-row:not(.pending)").waitFor();
    const focus = () => row(ada, "the only one").focus();
    await focus();
    await ada.page.keyboard.press("r");
    await ada.sees("Replying to red.ada");
    await ada.page.keyboard.press("Escape");
    await ada.page.locator(".purpose").waitFor({ state: "detached" });
    await focus();
    await ada.page.keyboard.press("+");
    await ada.page.getByRole("dialog", { name: "React with an emoji" }).waitFor();
    await ada.page.keyboard.press("Escape");
    await ada.page.getByRole("dialog").waitFor({ state: "detached" });
    await row(ada, "the only one").and(ada.page.locator(":focus")).waitFor();
    await ada.page.keyboard.press("d");
    await ada.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await ada.reads(["This message was deleted."]);
  });

  story("copied messages contain their authors", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["copy.ada", "copy.bob"]);
    await ada.say("Milk or **lemon**?");
    await ada.reads(["Milk or lemon?"]);
    await bob.say("Lemon");
    await ada.reads(["Milk or lemon?", "Lemon"]);
    await tools(ada, "Milk or lemon?");
    const copied = (from, to) =>
      ada.page.evaluate(
        ([first, last]) => {
          const bodies = [...document.querySelectorAll(".message-row .body")];
          getSelection().setBaseAndExtent(bodies[first], 0, bodies[last], bodies[last].childNodes.length);
          const event = new ClipboardEvent("copy", {
            clipboardData: new DataTransfer(),
            bubbles: true,
            cancelable: true,
          });
          bodies[first].dispatchEvent(event);
          return [event.defaultPrevented, event.clipboardData.getData("text/plain")];
        },
        [from, to],
      );
    const [ours, text] = await copied(0, 1);
    assert.equal(ours, true);
    assert.match(text, /^\[[^\]]+\] copy\.ada: Milk or \*\*lemon\*\*\?\n\[[^\]]+\] copy\.bob: Lemon$/u);
    assert.deepEqual(await copied(0, 0), [false, ""], "words of one message are the browser's to copy");
  });

  story("Markdown is drawn, and nothing else becomes markup", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["mark.ada", "mark.bob"]);
    await ada.say("**bold** and `code` and <b>not</b> https://parlor.example/x. @mark.bob");
    const body = bob.page.locator(".body").first();
    await body.locator("strong", { hasText: "bold" }).waitFor();
    assert.equal(await body.locator("code").textContent(), "code");
    assert.equal(await body.locator("b").count(), 0);
    assert.equal(await body.locator("a").getAttribute("href"), "https://parlor.example/x");
    assert.equal(await body.locator(".mention.mine").textContent(), "@mark.bob");
    await ada.say("```rust\nfn main() {} // hi\n```");
    await bob.page.locator("pre .code-word", { hasText: "fn" }).waitFor();
    await ada.say("# Plan\n- [x] tea\n- [ ] milk\n  1. fresh\n\n| who | what |\n|---|--:|\n| @mark.bob | ***cups*** |");
    const plan = bob.page.locator(".body").last();
    await plan.getByRole("heading", { name: "Plan" }).waitFor();
    assert.deepEqual(
      await plan
        .getByRole("checkbox")
        .evaluateAll((boxes) => boxes.map(({ checked, disabled, ariaLabel }) => [checked, disabled, ariaLabel])),
      [
        [true, true, "Done"],
        [false, true, "Not done"],
      ],
    );
    assert.equal(await plan.locator("ul ol li").textContent(), "fresh");
    assert.equal(await plan.locator("td .mention.mine").textContent(), "@mark.bob");
    assert.equal(await plan.locator("td.right em strong").textContent(), "cups");
  });

  story("a reader keeps their place when the parser of Markdown arrives", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["receipt.ada", "receipt.bob"]);
    const place = ({ page }) =>
      page.locator(".log").evaluate((log) => ({
        left: log.scrollHeight - log.scrollTop - log.clientHeight,
        first: log.querySelector(".message-row").getBoundingClientRect().top,
      }));
    for (const { page } of [ada, bob]) await page.goto("about:blank");
    for (let line = 1; line <= 30; line += 1)
      await ada.call("POST", `/api/rooms/${room.id}/messages`, { body: `# Line ${line}\n# one\n# two\n***\n# end` });
    const held = later();
    const places = new Map();
    for (const person of [ada, bob]) {
      await person.page.route("**/vendor/markdown-it.js", async (route) => {
        await held.promise;
        await route.continue();
      });
      await person.visit(`/r/${room.id}`);
      await person.page.locator(".message-row").last().getByText("# Line 30").waitFor();
      places.set(person, await place(person));
    }
    held.resolve();
    for (const person of [ada, bob])
      await person.page.locator(".message-row").last().getByRole("heading", { name: "Line 30" }).waitFor();
    // The author is at the end; the reader who has read nothing is at the first unread message.
    assert.ok((await place(ada)).left < 2, "at the end");
    const [before, after] = [places.get(bob), await place(bob)];
    assert.ok(before.left > 500 && Math.abs(after.first - before.first) < 2, JSON.stringify([before, after]));
  });

  story("a picture is shown, another file is offered by name", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["file.ada", "file.bob"]);
    const picker = ada.page.locator('.composer input[type="file"]');
    await picker.setInputFiles([
      { name: "dot.png", mimeType: "image/png", buffer: PNG },
      { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("tea") },
    ]);
    await ada.page.locator(".upload.ready").nth(1).waitFor();
    await ada.say("two files");
    await ada.reads(["two files"]);
    const picture = bob.page.locator('.attachments img[alt="dot.png"]');
    await picture.waitFor();
    assert.ok(await picture.evaluate((image) => image.decode().then(() => image.naturalWidth === 1)));
    assert.equal(await bob.page.locator(".file .file-name").textContent(), "notes.txt");
    assert.equal(await ada.page.locator(".upload").count(), 0);
  });

  story("dropped and pasted files have a preview and can be removed", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["drop.ada", "drop.bob"]);
    const give = (type, names) =>
      ada.page.evaluate(
        ([kind, given, bytes]) => {
          const transfer = new DataTransfer();
          for (const name of given)
            transfer.items.add(
              new File([Uint8Array.from(bytes)], name, { type: name.endsWith(".png") ? "image/png" : "text/plain" }),
            );
          const init = { bubbles: true, cancelable: true };
          const event =
            kind === "paste"
              ? new ClipboardEvent("paste", { ...init, clipboardData: transfer })
              : new DragEvent("drop", { ...init, dataTransfer: transfer });
          document.getElementById("composer").dispatchEvent(event);
        },
        [type, names, [...PNG]],
      );
    await give("drop", ["dropped.png", "unwanted.txt"]);
    await ada.page.locator(".upload.ready").nth(1).waitFor();
    await give("paste", ["pasted.png"]);
    await ada.page.locator(".upload.ready").nth(2).waitFor();
    assert.equal(await ada.page.locator(".upload img").count(), 2);
    await ada.page.getByRole("button", { name: "Remove unwanted.txt" }).click();
    await ada.page.locator(".upload", { hasText: "unwanted" }).waitFor({ state: "detached" });
    await ada.page.getByRole("button", { name: "Send" }).click();
    for (const name of ["dropped.png", "pasted.png"])
      await bob.page.locator(`.attachments img[alt="${name}"]`).waitFor();
    assert.equal(await bob.page.locator(".file").count(), 0);
  });

  story("an upload shows its progress and is cancelled by a click", async () => {
    const {
      people: [ada],
    } = await roomOf(world, ["slow.ada"]);
    const asked = later();
    await ada.page.route(/\/api\/rooms\/\d+\/files/u, () => asked.resolve());
    await ada.page
      .locator('.composer input[type="file"]')
      .setInputFiles({ name: "long.txt", mimeType: "text/plain", buffer: Buffer.from("tea") });
    await asked.promise;
    await ada.page.getByRole("progressbar", { name: "Uploading long.txt" }).waitFor();
    await ada.composer.fill("not without the file");
    await ada.composer.press("Enter");
    assert.equal(await ada.composer.inputValue(), "not without the file");
    await ada.page.getByRole("button", { name: "Remove long.txt" }).click();
    await ada.page.locator(".upload").waitFor({ state: "detached" });
    await ada.composer.press("Enter");
    await ada.reads(["not without the file"]);
  });

  story("a picture has its size before it loads; sounds and videos have controls", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["media.ada", "media.bob"]);
    const bring = async (name, body) => {
      const response = await ada.context.request.post(`/api/rooms/${room.id}/files?name=${name}`, {
        data: body,
        headers: { origin: ada.base, "content-type": "application/octet-stream" },
      });
      assert.equal(response.status(), 201, name);
      return (await response.json()).id;
    };
    const wav = Buffer.concat([
      Buffer.from("RIFF"),
      Buffer.from([36, 0, 0, 0]),
      Buffer.from("WAVEfmt "),
      Buffer.from([16, 0, 0, 0, 1, 0, 1, 0, 64, 31, 0, 0, 64, 31, 0, 0, 1, 0, 8, 0]),
      Buffer.from("data"),
      Buffer.from([0, 0, 0, 0]),
    ]);
    const webm = Buffer.from(
      "1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878102428581021853806701ffffffffffffff",
      "hex",
    );
    const large = await ada.page.evaluate(async () => {
      const canvas = new OffscreenCanvas(900, 600);
      canvas.getContext("2d").fillRect(0, 0, 900, 600);
      return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
    });
    const held = later();
    await bob.page.route(/\/api\/files\//u, async (route) => {
      await held.promise;
      await route.continue();
    });
    const files = [
      await bring("large.png", Buffer.from(large)),
      await bring("tone.wav", wav),
      await bring("film.webm", webm),
    ];
    await ada.call("POST", `/api/rooms/${room.id}/messages`, { body: "all of it", files });
    await bob.reads(["all of it"]);
    const picture = bob.page.locator('.attachments img[alt="large.png"]');
    const before = await picture.boundingBox();
    assert.ok(
      before.width > 100 && Math.abs(before.width / before.height - 1.5) < 0.02,
      `${before.width} × ${before.height}`,
    );
    held.resolve();
    await picture.evaluate((image) => image.decode());
    assert.deepEqual(await picture.boundingBox(), before);
    assert.equal(await bob.page.locator(".attachments audio[controls]").count(), 1);
    assert.equal(await bob.page.locator(".attachments video[controls]").count(), 1);
  });

  story("marked as unread stays unread until the room is opened again", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["unread.ada", "unread.bob"]);
    for (const text of ["one", "two", "three"]) await ada.say(text);
    await bob.reads(["one", "two", "three"]);
    await more(bob, "two", "Mark as unread");
    await bob.sees("Marked as unread");
    await bob.page.waitForFunction(() => document.title.startsWith("(2)"));
    const standing = async () => (await bob.call("GET", "/api/rooms")).find(({ id }) => id === room.id).unread;
    assert.equal(await standing(), 2);
  });

  story('a receipt that was on its way does not undo "Mark as unread"', async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["undo.ada", "undo.bob"]);
    await bob.page.goto("about:blank");
    for (const text of ["one", "two", "three"]) await ada.say(text);
    await ada.reads(["one", "two", "three"]);
    const [held, marked, answered] = [later(), later(), later()];
    await bob.page.routeWebSocket(/\/ws$/u, (socket) => {
      const server = socket.connectToServer();
      // The page's receipt takes a while. The server says where the receipt is after each of the two moves.
      socket.onMessage((text) =>
        JSON.parse(text).type === "read" ? held.resolve(() => server.send(text)) : server.send(text),
      );
      const heard = [marked, answered];
      server.onMessage((text) => {
        socket.send(text);
        if (JSON.parse(text).type === "read") heard.shift()?.resolve();
      });
    });
    await bob.visit(`/r/${room.id}`);
    await bob.reads(["one", "two", "three"]);
    const release = await held.promise;
    await more(bob, "two", "Mark as unread");
    await marked.promise;
    release();
    await answered.promise;
    const standing = async () => (await bob.call("GET", "/api/rooms")).find(({ id }) => id === room.id).unread;
    assert.equal(await standing(), 2);
    await bob.page.waitForFunction(() => document.title === "(2) Lobby");
  });

  story("marked as unread on another device, an open room stays unread", async () => {
    const {
      room,
      people: [ada, bob],
    } = await roomOf(world, ["there.ada", "there.bob"]);
    for (const text of ["one", "two", "three"]) await ada.say(text);
    await bob.reads(["one", "two", "three"]);
    const { items } = await bob.call("GET", `/api/rooms/${room.id}/messages`);
    const { seq } = items.find(({ body }) => body === "two");
    await bob.call("PUT", `/api/rooms/${room.id}/read`, { seq: seq - 1, force: true });
    await bob.page.waitForFunction(() => document.title === "(2) Lobby");
    await bob.page.locator(".unread-divider + .message-row", { hasText: "two" }).waitFor();
    await ada.say("four");
    await bob.page.waitForFunction(() => document.title === "(3) Lobby");
    assert.equal((await bob.call("GET", "/api/rooms")).find(({ id }) => id === room.id).unread, 3);
  });
});
