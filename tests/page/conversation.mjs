// What one does with what was said: answer it, react, change it, pin it, take it away, and send files.

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
  await bar.getByRole("button", { name: "More" }).click();
  await bar.getByRole("button", { name: item }).click();
}

const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

describe("a conversation", () => {
  story("answers lead to what they answer, and follow its changes", async () => {
    const { people: [ada, bob] } = await roomOf(world, ["reply.ada", "reply.bob"]);
    await ada.say("Milk or lemon?");
    await (await tools(bob, "Milk or lemon?")).getByRole("button", { name: "Reply" }).click();
    await bob.sees("Answering reply.ada");
    await bob.say("Lemon");
    const quote = ada.page.locator(".quote");
    await quote.filter({ hasText: "Milk or lemon?" }).waitFor();
    await quote.click();
    await ada.page.waitForURL(/\/r\/\d+\/\d+$/u);
    await row(ada, "Milk or lemon?").and(ada.page.locator(".target")).waitFor();
    assert.equal(await bob.page.locator(".purpose").count(), 0);
  });

  story("one edits one's last message with the arrow key, and others read what it said before", async () => {
    const { people: [ada, bob] } = await roomOf(world, ["edit.ada", "edit.bob"]);
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

  story("reactions come and go with a click, and say who", async () => {
    const { people: [ada, bob] } = await roomOf(world, ["react.ada", "react.bob"]);
    await ada.say("We made it");
    await (await tools(bob, "We made it")).getByRole("button", { name: "React" }).click();
    const dialog = bob.page.getByRole("dialog");
    await dialog.getByLabel("Search, or type an emoji").fill("party");
    await dialog.getByRole("button", { name: /^party/u }).first().click();
    const reaction = ada.page.getByRole("button", { name: /🎉 1 by react\.bob/u });
    await reaction.waitFor();
    await reaction.click();
    await bob.page.locator(".reaction", { hasText: "2" }).click();
    await bob.page.locator('.reaction[aria-pressed="false"]', { hasText: "1" }).waitFor();
  });

  story("a message is pinned, found among the pins, and deleted for everybody", async () => {
    const { people: [ada, bob] } = await roomOf(world, ["pin.ada", "pin.bob"]);
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

  story("keys: arrows walk, and a letter acts on the message that has the focus", async () => {
    const { people: [ada] } = await roomOf(world, ["keys.ada"]);
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

  story("Markdown is drawn, and nothing else becomes markup", async () => {
    const { people: [ada, bob] } = await roomOf(world, ["mark.ada", "mark.bob"]);
    await ada.say("**bold** and `code` and <b>not</b> https://parlor.example/x. @mark.bob");
    const body = bob.page.locator(".body").first();
    await body.locator("strong", { hasText: "bold" }).waitFor();
    assert.equal(await body.locator("code").textContent(), "code");
    assert.equal(await body.locator("b").count(), 0);
    assert.equal(await body.locator("a").getAttribute("href"), "https://parlor.example/x");
    assert.equal(await body.locator(".mention.mine").textContent(), "@mark.bob");
    await ada.say("```rust\nfn main() {} // hi\n```");
    await bob.page.locator("pre .code-word", { hasText: "fn" }).waitFor();
  });

  story("files come with a message: a picture is seen, another is offered by its name", async () => {
    const { people: [ada, bob] } = await roomOf(world, ["file.ada", "file.bob"]);
    const picker = ada.page.locator('.composer input[type="file"]');
    await picker.setInputFiles([
      { name: "dot.png", mimeType: "image/png", buffer: PNG },
      { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("tea") },
    ]);
    await ada.page.locator(".upload.here").nth(1).waitFor();
    await ada.say("two files");
    await ada.reads(["two files"]);
    const picture = bob.page.locator('.attachments img[alt="dot.png"]');
    await picture.waitFor();
    assert.ok(await picture.evaluate((image) => image.decode().then(() => image.naturalWidth === 1)));
    assert.equal(await bob.page.locator(".file .file-name").textContent(), "notes.txt");
    assert.equal(await ada.page.locator(".upload").count(), 0);
  });

  story("marked as unread stays unread until the room is opened again", async () => {
    const { room, people: [ada, bob] } = await roomOf(world, ["unread.ada", "unread.bob"]);
    for (const text of ["one", "two", "three"]) await ada.say(text);
    await bob.reads(["one", "two", "three"]);
    await more(bob, "two", "Mark as unread from here");
    await bob.sees("Marked as unread from here");
    await bob.page.waitForFunction(() => document.title.startsWith("(2)"));
    const standing = async () => (await bob.call("GET", "/api/rooms")).find(({ id }) => id === room.id).unread;
    assert.equal(await standing(), 2);
  });
});
