// Accounts and sessions: coming in, being sent away, signing out.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { faultsOf } from "./accessibility.mjs";
import { PASSWORD, Person, roomOf, stage, tabTo } from "./harness.mjs";

const { world, story } = stage();

describe("coming in", () => {
  story("from sign-up to the first message with the keyboard alone", async () => {
    await (await Person.arrive(world, "not.the.first")).signUp();
    const { page } = await Person.arrive(world, "keys");
    await page.goto("/");
    await page.getByRole("heading", { name: "Welcome back" }).waitFor();
    await tabTo(page, /^Create an account$/u);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Create your account" }).waitFor();
    await tabTo(page, /^Username$/u);
    await page.keyboard.type("keyboard.only");
    await page.keyboard.press("Tab");
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: /^Hello/u }).waitFor();
    await tabTo(page, /^Create a room/u);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await tabTo(page, /^Name$/u);
    await page.keyboard.type("By keyboard");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Access code" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await tabTo(page, /^Message By keyboard$/u);
    await page.keyboard.type("Hello from the keys");
    await page.keyboard.press("Enter");
    await page.locator(".message-row:not(.pending) .body", { hasText: "Hello from the keys" }).waitFor();
  });

  story("a refused sign-up or sign-in shows its reason at the field", async () => {
    await (await Person.arrive(world, "taken")).signUp();
    const { page } = await Person.arrive(world, "refused");
    await page.goto("/");
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByLabel("Username").fill("TAKEN");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Create account" }).click();
    await page.locator(".field-error, .form-error:not([hidden])").first().waitFor();
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByLabel("Username").fill("taken");
    await page.getByLabel("Password").fill("not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    assert.equal(await page.getByRole("heading", { name: "Welcome back" }).isVisible(), true);
  });

  story("an invitation link creates an account in the room", async () => {
    const host = await (await Person.arrive(world, "host")).signUp();
    const room = await host.createRoom("Garden");
    const guest = await Person.arrive(world, "guest");
    await guest.page.goto(`/i/${room.access_code}`);
    await guest.page.locator(".invited-to", { hasText: "Garden" }).waitFor();
    await guest.page.getByLabel("Username").fill("guest.by.link");
    await guest.page.getByLabel("Password").fill(PASSWORD);
    await guest.page.getByRole("button", { name: "Create account" }).click();
    await guest.page.getByRole("heading", { name: "Garden", level: 1 }).waitFor();
    assert.equal(new URL(guest.page.url()).pathname, `/r/${room.id}`);
  });

  story("a used invitation shows its state with and without an account", async () => {
    const host = await (await Person.arrive(world, "host3")).signUp();
    const room = await host.createRoom("Greenhouse");
    const invite = await host.call("POST", `/api/rooms/${room.id}/invites`, { max_uses: 1 });
    const link = new URL(invite.url).pathname;
    const first = await Person.arrive(world, "first");
    await first.page.goto(link);
    await first.sees("Greenhouse");
    await first.page.getByLabel("Username").fill("first.by.invite");
    await first.page.getByLabel("Password").fill(PASSWORD);
    await first.page.getByRole("button", { name: "Create account" }).click();
    await first.page.getByRole("heading", { name: "Greenhouse", level: 1 }).waitFor();
    assert.equal(await first.page.getByRole("dialog").count(), 0, "who has come in is not asked again");
    const second = await Person.arrive(world, "second");
    await second.page.goto(link);
    await second.sees("This invite is invalid, expired or already used");
    assert.deepEqual(await faultsOf(second.page), [], "an invitation that is over");
    await second.signUp();
    await second.page.reload();
    await second.page.getByRole("dialog").waitFor();
    await second.sees("This invite is invalid, expired or already used");
    await second.page.getByRole("button", { name: "Join room" }).click();
    await second.sees("Invalid access code");
  });

  story("the registration rule is shown, and no form that would be refused", async () => {
    const { page } = await Person.arrive(world, "newcomer");
    const about = await (await fetch(`${world.server.base}/api/server`)).json();
    let rule = {};
    await page.route("**/api/server", (call) =>
      call.fulfill({ json: { ...about, needs_first_account: false, ...rule } }),
    );
    const newAccount = page.getByRole("button", { name: "Create an account" });
    rule = { registration: "closed" };
    await page.goto("/");
    await page.getByText("This server does not accept new accounts").waitFor();
    assert.equal(await newAccount.count(), 0);
    rule = { registration: "closed", needs_first_account: true };
    await page.reload();
    await page.getByRole("heading", { name: "Welcome to your new server" }).waitFor();
    await page.getByRole("button", { name: "Create account" }).waitFor();
    rule = { registration: "invite" };
    await page.reload();
    await newAccount.click();
    await page.getByText("This server is invite only").waitFor();
    assert.equal(await page.getByLabel("Access code", { exact: true }).evaluate((field) => field.required), true);
  });

  story("signing in at an invitation link joins the room", async () => {
    const host = await (await Person.arrive(world, "host4")).signUp();
    const room = await host.createRoom("Veranda");
    await (await Person.arrive(world, "member.of.old")).signUp();
    const guest = await Person.arrive(world, "guest4");
    await guest.page.goto(`/i/${room.access_code}`);
    await guest.sees("Veranda");
    await guest.page.getByRole("button", { name: "Sign in" }).click();
    await guest.page.getByLabel("Username").fill("member.of.old");
    await guest.page.getByLabel("Password").fill(PASSWORD);
    await guest.page.getByRole("button", { name: "Sign in" }).click();
    await guest.page.getByRole("heading", { name: "Veranda", level: 1 }).waitFor();
    assert.equal(await guest.page.getByRole("dialog").count(), 0);
  });

  story("an invitation link asks a signed-in user before it joins", async () => {
    const host = await (await Person.arrive(world, "host2")).signUp();
    const room = await host.createRoom("Orchard");
    const guest = await (await Person.arrive(world, "guest2")).signUp();
    await guest.page.goto(`/i/${room.access_code}`);
    await guest.page.locator(".invited-to", { hasText: "Orchard" }).waitFor();
    await guest.page.getByRole("button", { name: "Join room" }).click();
    await guest.page.getByRole("heading", { name: "Orchard", level: 1 }).waitFor();
  });

  story("signing out also signs out the other tab", async () => {
    const {
      people: [ada],
    } = await roomOf(world, ["out.ada"]);
    const other = await ada.openTab();
    await other.goto("/");
    await ada.connected(other);
    await ada.page.getByRole("button", { name: "Settings and sign out" }).click();
    await ada.page.getByRole("button", { name: "Sign out", exact: true }).click();
    await ada.page.getByRole("heading", { name: "Welcome back" }).waitFor();
    await other.getByRole("heading", { name: "Welcome back" }).waitFor();
    await ada.page.reload();
    await ada.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  });

  story("a session is ended from another device", async () => {
    const home = await (await Person.arrive(world, "devices")).signUp();
    await home.visit();
    const away = await Person.arrive(world, "devices");
    await away.call("POST", "/api/auth/signin", { username: "devices", password: PASSWORD, cookie: true });
    await away.visit();
    await home.page.getByRole("button", { name: "Settings and sign out" }).click();
    const session = home.page.locator(".session").filter({ hasNotText: "This device" });
    await session.getByRole("button", { name: "Sign out" }).click();
    await home.page
      .getByRole("group", { name: "Sign out this device?" })
      .getByRole("button", { name: "Sign out" })
      .click();
    await away.sees("Your session has ended");
  });

  story("a new password ends the other sessions and not this one", async () => {
    const home = await (await Person.arrive(world, "passwords")).signUp();
    await home.visit();
    const away = await Person.arrive(world, "passwords");
    await away.call("POST", "/api/auth/signin", { username: "passwords", password: PASSWORD, cookie: true });
    await away.visit();
    await home.page.getByRole("button", { name: "Settings and sign out" }).click();
    await home.page.getByLabel("Current password").fill("wrong password");
    await home.page.getByLabel("New password").fill("another horse");
    await home.page.getByRole("button", { name: "Change password" }).click();
    await home.page.locator('[aria-invalid="true"]').waitFor();
    await home.page.getByLabel("Current password").fill(PASSWORD);
    await home.page.getByRole("button", { name: "Change password" }).click();
    await home.sees("Password changed");
    await away.sees("Your session has ended");
    await home.page.reload();
    await home.connected();
  });

  story("one of two tabs with expired cookies renews them for both", async () => {
    const ada = await (await Person.arrive(world, "tabs")).signUp();
    await ada.visit();
    const other = await ada.openTab();
    await other.goto("/");
    await ada.connected(other);
    await ada.page.evaluate(() => localStorage.setItem("parlor.renewed_at", "0"));
    const renewals = [];
    ada.context.on("request", (request) => request.url().endsWith("/api/auth/refresh") && renewals.push(request.url()));
    await Promise.all([ada.page.reload(), other.reload()]);
    await Promise.all([ada.connected(), ada.connected(other)]);
    assert.equal(renewals.length, 1, "the second tab sees that the first has done it");
  });

  story("without Web Locks, the second tab waits while the first one renews", async () => {
    const ada = await (await Person.arrive(world, "lease")).signUp();
    await ada.context.addInitScript(() => Object.defineProperty(Navigator.prototype, "locks", { value: undefined }));
    await ada.visit();
    const other = await ada.openTab();
    await other.goto("/");
    await ada.connected(other);
    await ada.page.evaluate(() => localStorage.setItem("parlor.renewed_at", "0"));
    let letGo;
    const held = new Promise((resolve) => (letGo = resolve));
    const renewals = [];
    await ada.context.route("**/api/auth/refresh", async (route) => {
      renewals.push(route.request().url());
      await held;
      await route.continue();
    });
    await Promise.all([ada.page.reload(), other.reload()]);
    const leaseEnd = (page) => page.evaluate(() => JSON.parse(localStorage.getItem("parlor.renew.lease"))?.until ?? 0);
    await ada.page.waitForFunction(() => localStorage.getItem("parlor.renew.lease") !== null);
    const first = await leaseEnd(ada.page);
    // The time of a lease that is not renewed is over, twice.
    await ada.page.waitForFunction(
      (end) => JSON.parse(localStorage.getItem("parlor.renew.lease"))?.until > end + 20_000,
      first,
    );
    assert.equal(renewals.length, 1);
    letGo();
    await Promise.all([ada.connected(), ada.connected(other)]);
    assert.equal(renewals.length, 1, "the second tab sees that the first has done it");
    assert.equal(await leaseEnd(ada.page), 0);
  });
});
