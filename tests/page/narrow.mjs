// A telephone.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Person, stage } from "./harness.mjs";

const { world, story } = stage();

describe("a narrow screen", () => {
  story("at 360 px nothing is wider than the screen, and one pane is shown at a time", async () => {
    const ada = await (await Person.arrive(world, "narrow.ada", { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })).signUp({ display_name: "A".repeat(40) });
    const room = await ada.createRoom("A room with quite a long name that does not fit", { topic: "word".repeat(40) });
    for (const body of ["x".repeat(900), "👩‍👩‍👧‍👦".repeat(200), "שלום לכולם, מה שלומכם?", "a\u0301\u0302\u0303\u0304".repeat(60), "http://example.org/".repeat(20)]) {
      await ada.call("POST", `/api/rooms/${room.id}/messages`, { body });
    }
    const fits = async (where) => {
      const wide = await ada.page.evaluate(() =>
        [...document.querySelectorAll("body *")]
          .filter((element) => element.checkVisibility() && !element.closest(".sr-only, .skip, svg"))
          .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
          .map((element) => element.outerHTML.slice(0, 120)),
      );
      assert.deepEqual(wide, [], where);
      const [inner, outer] = await ada.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(inner <= outer, `${where}: ${inner} px of content in ${outer} px`);
    };
    await ada.visit();
    await ada.page.getByRole("link", { name: /A room with/u }).waitFor();
    await fits("the list of rooms");
    await ada.page.getByRole("link", { name: /A room with/u }).click();
    await ada.page.locator(".message-row").first().waitFor();
    await fits("the room");
    assert.equal(await ada.page.getByRole("navigation", { name: "Rooms" }).isVisible(), false);
    await ada.page.getByRole("button", { name: /^Members/u }).click();
    await ada.page.getByRole("dialog").locator(".member").waitFor();
    await fits("the members");
    await ada.page.keyboard.press("Escape");
    await ada.page.getByRole("button", { name: "Room settings" }).click();
    await ada.page.getByRole("heading", { name: "Access code" }).waitFor();
    await fits("the room's settings");
    await ada.page.keyboard.press("Escape");
    await ada.page.getByRole("link", { name: "Back to the rooms" }).click();
    await ada.page.getByRole("navigation", { name: "Rooms" }).waitFor();
    await ada.page.getByRole("button", { name: "Settings and sign out" }).click();
    await ada.page.locator(".session").first().waitFor();
    await fits("the settings");
  });
});
