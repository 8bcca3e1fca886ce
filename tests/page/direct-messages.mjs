// A room that some people have for themselves.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { roomOf, stage, tabTo } from "./harness.mjs";

const { world, story } = stage();

describe("writing to some people alone", () => {
  story("the keyboard alone selects several people, and all of them receive the message", async () => {
    const {
      people: [ada, bob, eve, dan],
    } = await roomOf(world, ["write.ada", "write.bob", "write.eve", "write.dan"]);
    const { page } = ada;
    await page.getByRole("button", { name: "New message" }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "New message" });
    const person = (name) => dialog.getByRole("checkbox", { name });
    await person(/write\.dan/u).waitFor();
    assert.equal(await person(/write\.ada/u).count(), 0, "not oneself");
    await page.getByLabel("Search people").press("Enter");
    await dialog.getByRole("alert").getByText("Nobody selected. Select somebody first.").waitFor();

    await page.keyboard.type("@WRITE.B");
    await person(/write\.eve/u).waitFor({ state: "detached" });
    await page.keyboard.press("Enter");
    await dialog.getByRole("status").getByText("1 person selected").waitFor();
    assert.equal(await page.getByLabel("Search people").inputValue(), "");
    await tabTo(page, /write\.eve/u);
    await page.keyboard.press("Space");
    await dialog.getByRole("status").getByText("2 people selected").waitFor();
    await page.keyboard.type("x");
    assert.equal(await person(/write\.eve/u).isChecked(), true);
    await tabTo(page, /Start conversation/u);
    await page.keyboard.press("Enter");

    await page.getByRole("heading", { name: "write.bob, write.eve", level: 1 }).waitFor();
    await ada.say("the three of us");
    for (const one of [bob, eve]) {
      await one.page.getByRole("link", { name: /write\.ada/u }).click();
      await one.reads(["the three of us"]);
    }
    assert.equal(await dan.page.getByRole("link", { name: /write\.ada/u }).count(), 0);
  });

  story("members of unopened rooms are found, and refusals are shown", async () => {
    const {
      people: [ada, bob],
    } = await roomOf(world, ["far.ada", "far.bob"]);
    const attic = await ada.createRoom("Attic");
    await ada.visit(`/r/${attic.id}`);
    await ada.page.getByRole("button", { name: "New message" }).click();
    const dialog = ada.page.getByRole("dialog");
    await dialog.getByRole("checkbox", { name: /far\.bob/u }).check();
    await bob.call("PUT", `/api/me/blocks/${ada.id}`);
    await dialog.getByRole("button", { name: "Start conversation" }).click();
    await dialog.getByRole("alert").filter({ hasText: /\S/u }).waitFor();
    await bob.call("DELETE", `/api/me/blocks/${ada.id}`);
    await dialog.getByRole("button", { name: "Start conversation" }).click();
    await ada.page.getByRole("heading", { name: "far.bob", level: 1 }).waitFor();
  });

  story("the dialog refuses more people than the room allows", async () => {
    const names = Array.from({ length: 10 }, (_, number) => `many.${number}`);
    const {
      people: [ada],
    } = await roomOf(world, ["many.ada", "many.0"]);
    const { access_code: code } = await ada.call("GET", new URL(ada.page.url()).pathname.replace("/r/", "/api/rooms/"));
    for (const username of names.slice(1)) {
      const answer = await fetch(`${world.server.base}/api/auth/signup`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ username, password: "correct horse battery" }),
      });
      const { access_token: token } = await answer.json();
      await fetch(`${world.server.base}/api/rooms/join`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        body: JSON.stringify({ code }),
      });
    }
    await ada.visit(new URL(ada.page.url()).pathname);
    await ada.page.getByRole("button", { name: "New message" }).click();
    const dialog = ada.page.getByRole("dialog");
    for (const name of names.slice(0, 9)) await dialog.getByRole("checkbox", { name: new RegExp(name, "u") }).check();
    assert.equal(await dialog.getByRole("checkbox", { name: /many\.9/u }).isDisabled(), true);
    await dialog.getByText("At most 10 people, including you.").waitFor();
    await dialog.getByRole("checkbox", { name: /many\.0/u }).uncheck();
    await dialog.getByRole("checkbox", { name: /many\.9/u }).check();
    await dialog.getByRole("button", { name: "Start conversation" }).click();
    await ada.page.waitForFunction(() => document.querySelector("h1").textContent.includes("many.9"));
  });
});
