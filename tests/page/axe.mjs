// Every screen before axe-core, in both themes, wide and narrow.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { faultsOf } from "./accessibility.mjs";
import { Person, stage } from "./harness.mjs";

const { world, story } = stage();

describe("accessibility", () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 360]) {
      story(`no accessibility fault is known, ${colorScheme}, ${width} px`, async () => {
        const name = `axe.${colorScheme}.${width}`;
        const viewport = { width, height: 740 };
        const visitor = await Person.arrive(world, `${name}.visitor`, { colorScheme, viewport, reducedMotion: "reduce" });
        const { page: door } = visitor;
        await door.goto("/");
        await door.getByRole("heading", { name: "Welcome back" }).waitFor();
        assert.deepEqual(await faultsOf(door), [], "sign in");
        await door.getByRole("button", { name: "Create an account" }).click();
        assert.deepEqual(await faultsOf(door), [], "sign up");

        const ada = await (await Person.arrive(world, name, { colorScheme, viewport, reducedMotion: "reduce" })).signUp();
        await ada.visit();
        await ada.page.getByRole("navigation", { name: "Rooms" }).waitFor();
        assert.deepEqual(await faultsOf(ada.page), [], "home");
        const room = await ada.createRoom("Accessible", { topic: "For everybody", kind: "public" });
        for (const body of ["Hello", "and again", "/me waves"]) await ada.call("POST", `/api/rooms/${room.id}/messages`, { body });
        await ada.visit(`/r/${room.id}`);
        await ada.page.locator(".message-row").first().waitFor();
        assert.deepEqual(await faultsOf(ada.page), [], "room");
        for (const button of width < 720 ? ["Room settings", "Members"] : ["Room settings"]) {
          await ada.page.getByRole("button", { name: new RegExp(`^${button}`, "u") }).click();
          await ada.page.locator("dialog .part, dialog .member").first().waitFor();
          assert.deepEqual(await faultsOf(ada.page), [], button);
          await ada.page.keyboard.press("Escape");
        }
        await ada.page.goto("/r/999999");
        await ada.page.getByRole("heading", { name: "This room is not open to you" }).waitFor();
        assert.deepEqual(await faultsOf(ada.page), [], "no room");
        if (width < 720) await ada.page.getByRole("link", { name: "Back to your rooms" }).click();
        for (const [button, sign] of [["Create a room", ".choice"], ["Join with a code", "dialog form"], ["Browse public rooms", ".found-room"], ["Settings and sign out", ".session"]]) {
          await ada.page.getByRole("button", { name: new RegExp(`^${button}`, "u") }).first().click();
          await ada.page.locator(sign).first().waitFor();
          assert.deepEqual(await faultsOf(ada.page), [], button);
          await ada.page.keyboard.press("Escape");
        }
      });
    }
  }
});
