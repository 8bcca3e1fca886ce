// A walk through every screen of the page, for whatever is to be looked at on each of them.

import { Person } from "./harness.mjs";

/** Opens a dialog by the button with these words, shows it, and closes it again. */
async function dialogs(page, look, list) {
  for (const [words, sign] of list) {
    await page
      .getByRole("button", { name: new RegExp(words, "u") })
      .first()
      .click();
    await page.locator(sign).first().waitFor();
    await look(page, words);
    await page.keyboard.press("Escape");
    await page.locator("dialog[open]").waitFor({ state: "detached" });
  }
}

/** Visits the screens of a user without an account or a session. */
async function outside(world, name, options, look) {
  const { page } = await Person.arrive(world, `${name}.visitor`, options);
  const { needs_first_account: isEmpty } = await (await fetch(`${world.server.base}/api/server`)).json();
  if (isEmpty) {
    await page.goto("/");
    await page.getByRole("heading", { name: /Welcome to your new server/u }).waitFor();
    await look(page, "the first account of a server");
    await (await Person.arrive(world, `${name}.first`)).signUp();
  }
  await page.goto("/");
  await page.getByRole("heading", { name: /Welcome back/u }).waitFor();
  await look(page, "sign in");
  await page.getByRole("button", { name: /Create an account/u }).click();
  await page.getByRole("heading", { name: /Create your account/u }).waitFor();
  await look(page, "sign up");
  await page.goto("/reset/no-such-link");
  await page.locator("form").waitFor();
  await look(page, "a new password by link");
  await page.goto("/no/such/address");
  await page.getByRole("heading").waitFor();
  await look(page, "no such address");
  await page.goto("/i/NO-SUCH-CODE");
  await page.locator("form").waitFor();
  await look(page, "an invitation that is over");
}

/** A room with what a room can hold, and the one who owns it. */
async function furnish(world, name, options, look) {
  const ada = await (await Person.arrive(world, name, options)).signUp();
  await ada.visit();
  await ada.page.locator(".ways, .sidebar-note").first().waitFor();
  await look(ada.page, "the home of a newcomer");
  const bob = await (await Person.arrive(world, `${name}.guest`)).signUp();
  const room = await ada.createRoom(`Room of ${name}`, { topic: "For everybody", kind: "public" });
  await bob.call("POST", "/api/rooms/join", { code: room.access_code });
  const say = (person, body, more = {}) => person.call("POST", `/api/rooms/${room.id}/messages`, { body, ...more });
  const question = await say(ada, "Hello, who is here?");
  await say(ada, "and again");
  await say(bob, "me", { reply_to: question.seq });
  await say(bob, "/me waves");
  const edited = await say(ada, "Wrods");
  await ada.call("PATCH", `/api/rooms/${room.id}/messages/${edited.seq}`, { body: "Words" });
  const deleted = await say(ada, "Never mind");
  await ada.call("DELETE", `/api/rooms/${room.id}/messages/${deleted.seq}`);
  await ada.call("PUT", `/api/rooms/${room.id}/messages/${question.seq}/reactions/${encodeURIComponent("👍")}`);
  await ada.call("PUT", `/api/rooms/${room.id}/messages/${question.seq}/pin`);
  return { ada, room };
}

/** Shows every screen: `look(page, name)`. */
export async function everyScreen(world, name, options, look) {
  const narrow = options.viewport.width < 720;
  await outside(world, name, options, look);
  const { ada, room } = await furnish(world, name, options, look);
  const { page } = ada;
  await ada.visit(`/r/${room.id}`);
  await page.locator(".message-row").first().waitFor();
  await look(page, "a room");
  await dialogs(page, look, [["Room settings", "dialog .part"], ...(narrow ? [["Members", "dialog .member"]] : [])]);
  await dialogs(page, look, [["Pinned messages", "dialog .versions"]]);
  await page.locator(".message-row:has(.edited)").hover();
  await page.getByRole("toolbar").waitFor();
  await page.getByRole("toolbar").locator('[aria-expanded="false"]').click();
  await page.locator(".menu").waitFor();
  await look(page, "what to do with a message");
  await page.locator(".menu button").nth(3).click();
  await page.locator("dialog .versions li").first().waitFor();
  await look(page, "earlier versions");
  await page.keyboard.press("Escape");
  await page.locator("dialog[open]").waitFor({ state: "detached" });
  await page.locator(".message-row:has(.edited)").focus();
  for (const [key, sign, screen] of [
    ["+", ".emoji-grid button", "emoji"],
    ["d", "dialog .excerpt", "delete a message"],
  ]) {
    await page.keyboard.press(key);
    await page.locator(sign).first().waitFor();
    await look(page, screen);
    await page.keyboard.press("Escape");
    await page.locator("dialog[open]").waitFor({ state: "detached" });
  }
  if (narrow) {
    await page.getByRole("button", { name: /Members/u }).click();
    await page.locator("dialog .member-button", { hasText: "guest" }).click();
  } else {
    await page.locator(".members .member-button", { hasText: "guest" }).click();
  }
  await page.locator("dialog .account").waitFor();
  await look(page, "somebody's card");
  await page.keyboard.press("Escape");
  await page.locator("dialog[open]").waitFor({ state: "detached" });
  await page.keyboard.press("Control+k");
  await page.locator("dialog [role=option]").first().waitFor();
  await look(page, "quick switcher");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+/");
  await page.locator("dialog kbd").first().waitFor();
  await look(page, "keyboard help");
  await page.keyboard.press("Escape");
  await ada.visit("/r/999999");
  await page.getByRole("heading", { name: /cannot open this room/u }).waitFor();
  await look(page, "no room");
  if (narrow) await page.goto("/");
  await page.getByRole("navigation").first().waitFor();
  await look(page, "home");
  await dialogs(page, look, [
    ["New message", ".choosing li"],
    ["Create a room", ".choice"],
    ["Join with a code", "dialog form"],
    ["Browse public rooms", ".found-room"],
    ["Settings and sign out", ".session"],
    ["Search messages", "dialog form"],
  ]);
}
