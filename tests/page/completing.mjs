// Completion and slash commands in the composer.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { faultsOf } from "./accessibility.mjs";
import { roomOf, stage } from "./harness.mjs";

const { world, story } = stage();

const list = (person) => person.page.getByRole("listbox", { name: "Suggestions" });
const chosen = (person) => list(person).locator('[aria-selected="true"]');
const holds = (person, text) =>
  person.page.waitForFunction((wanted) => document.getElementById("composer").value === wanted, text);

describe("completing", () => {
  story("a name after @ is chosen with arrows and Enter without sending", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["name.ada", "name.bob", "name.bea"]);
    await bob.call("PATCH", "/api/me", { display_name: "Robert" });
    await bob.say("It is me");
    await ada.reads(["It is me"]);
    await ada.composer.pressSequentially("hello @name.b");
    await list(ada).getByRole("option").nth(1).waitFor();
    const first = await chosen(ada).textContent();
    await ada.page.keyboard.press("ArrowDown");
    await ada.page.waitForFunction(
      (before) => document.querySelector('.completion [aria-selected="true"]').textContent !== before,
      first,
    );
    const combobox = ada.page.getByRole("combobox", { name: /^Message/u });
    assert.equal(await combobox.getAttribute("aria-activedescendant"), await chosen(ada).getAttribute("id"));
    assert.equal(await combobox.getAttribute("aria-controls"), await list(ada).getAttribute("id"));
    // ARIA in HTML does not foresee a combobox of several lines; screen readers know what it is.
    assert.deepEqual(
      (await faultsOf(ada.page)).filter((fault) => !fault.startsWith("aria-allowed-role: <textarea")),
      [],
    );
    await ada.page.keyboard.press("ArrowUp");
    await ada.page.keyboard.press("Enter");
    await holds(ada, `hello ${/@name\.b\w+/u.exec(first)[0]} `);
    assert.equal(await list(ada).count(), 0);
    assert.deepEqual(await ada.said(), ["It is me"]);
    // By the name that is shown, too; and what is written out in full is sent by Enter.
    await ada.composer.fill("@rob");
    await chosen(ada).filter({ hasText: "@name.bob" }).waitFor();
    await ada.composer.fill("hi @name.bob");
    await chosen(ada).filter({ hasText: "@name.bob" }).waitFor();
    await ada.page.keyboard.press("Enter");
    await ada.reads(["It is me", "hi @name.bob"]);
    await bob.page.locator(".mention.mine").waitFor();
  });

  story("an emoji after a colon is chosen by a click; Escape keeps the text", async () => {
    const {
      people: [ada],
    } = await roomOf(world, ["emoji.ada"]);
    await ada.composer.pressSequentially("done :par");
    await list(ada).getByRole("option", { name: /party/u }).first().click();
    await holds(ada, "done 🎉 ");
    assert.equal(await ada.page.evaluate(() => document.activeElement.id), "composer");
    await ada.composer.pressSequentially(":roc");
    await list(ada).waitFor();
    await ada.page.keyboard.press("Escape");
    await list(ada).waitFor({ state: "detached" });
    await holds(ada, "done 🎉 :roc");
    await ada.page.keyboard.press("Enter");
    await ada.reads(["done 🎉 :roc"]);
  });

  story("slash commands work", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["command.ada", "command.bob"]);
    await ada.composer.pressSequentially("/to");
    await chosen(ada).filter({ hasText: "/topic" }).waitFor();
    await ada.page.keyboard.press("Tab");
    await ada.composer.pressSequentially("Tea at four");
    await ada.page.keyboard.press("Enter");
    await bob.page.locator(".room-topic", { hasText: "Tea at four" }).waitFor();
    await holds(ada, "");
    await ada.say("/msg @nobody.here hello");
    await ada.sees("User not found: nobody.here");
    await holds(ada, "/msg @nobody.here hello");
    await ada.say("/msg @command.bob between us");
    await ada.page.getByRole("heading", { name: "command.bob", level: 1 }).waitFor();
    await ada.reads(["between us"]);
  });

  story("a mistyped command is not published", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["typo.ada", "typo.bob"]);
    const refused = ada.page.locator(".refused");
    const asText = refused.getByRole("button", { name: "Send as text" });
    await ada.say("/mgs @typo.bob the offer letter is 92k");
    await refused.getByText("Unknown command: /mgs").waitFor();
    await ada.composer.press("Enter");
    assert.deepEqual(await ada.said(), []);
    await holds(ada, "/mgs @typo.bob the offer letter is 92k");
    assert.deepEqual(await faultsOf(ada.page), []);
    await refused.getByRole("button", { name: "Use /msg" }).click();
    await holds(ada, "/msg @typo.bob the offer letter is 92k");
    await refused.waitFor({ state: "detached" });
    await ada.composer.press("Enter");
    await ada.page.getByRole("heading", { name: "typo.bob", level: 1 }).waitFor();
    await ada.reads(["the offer letter is 92k"]);
    await ada.page.goBack();
    await ada.page.getByRole("heading", { name: "Lobby", level: 1 }).waitFor();
    await holds(ada, "");

    // No command is like it; and one may mean what one says.
    await ada.say("/usr/bin is no command");
    await refused.getByText("Unknown command: /usr/bin").waitFor();
    assert.equal(await refused.getByRole("button", { name: /^Use/u }).count(), 0);
    await asText.click();
    await holds(ada, "");
    await refused.waitFor({ state: "detached" });
    await bob.reads(["/usr/bin is no command"]);
    await ada.say("//topic is how it begins");
    await ada.say("/ is a slash");
    await ada.say("/me nods");
    await bob.reads(["/usr/bin is no command", "/topic is how it begins", "/ is a slash", "* typo.ada nods"]);
    assert.equal(await bob.page.locator(".room-topic").count(), 0);

    await ada.say("/MSG @nobody.here hello");
    await ada.sees("User not found: nobody.here");
    await ada.composer.fill("");
    await ada.say("/quiet");
    await refused.waitFor();
    await ada.composer.press("Escape");
    await refused.waitFor({ state: "detached" });
    await holds(ada, "/quiet");
  });

  story("a command with files is not published", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["attached.ada", "attached.bob"]);
    const refused = ada.page.locator(".refused");
    await ada.page
      .locator('.composer input[type="file"]')
      .setInputFiles({ name: "offer.txt", mimeType: "text/plain", buffer: Buffer.from("92k") });
    await ada.page.locator(".upload.ready").waitFor();
    await ada.say("/msg @attached.bob the offer");
    await refused.getByText("/msg does not support files.").waitFor();
    assert.deepEqual(await ada.said(), []);
    await ada.composer.fill("/me waves");
    await ada.composer.press("Enter");
    await bob.reads(["* attached.ada waves"]);
    await bob.page.locator(".file", { hasText: "offer.txt" }).waitFor();
  });
});
