// Every screen and dialog of a telephone, with words, names and file names that are as long as they may be.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe } from "node:test";
import { Person, scratch, stage } from "./harness.mjs";

const { world, story } = stage();
const file = scratch();

const WIDTH = 360;
const PHONE = { viewport: { width: WIDTH, height: 740 }, isMobile: true, hasTouch: true };
const WORD = "Wanderwegewegweiser".repeat(12);
const FILE = `${"w".repeat(180)}.txt`;
const WAV = Buffer.from(
  "524946462400000057415645666d7420100000000100010044ac000088580100020010006461746100000000",
  "hex",
);
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

const source = (file) => readFileSync(new URL(`../../static/${file}`, import.meta.url), "utf8");
const namesIn = (text, pattern) => [...text.matchAll(pattern)].map(([, name]) => name);

/** Returns the names of all screens and dialogs, from the page's own code. */
function everything() {
  const dialogs = namesIn(source("components/dialogs.js"), /case "(\w+)":/gu);
  const [, phases] = /const SCREENS = \{([^}]*)\}/u.exec(source("components/app.js"));
  const routes = namesIn(source("lib/routes.js"), /name: "([\w-]+)"/gu);
  const parts = [
    dialogs.map((name) => `dialog ${name}`),
    namesIn(phases, /(\w+):/gu).map((name) => `phase ${name}`),
    routes.map((name) => `route ${name}`),
  ];
  for (const part of parts) assert.ok(part.length > 3, "the page's code is read as it is written");
  return new Set(parts.flat());
}

/**
 * Runs in the page: what reaches beyond the screen, or beyond the dialog that it stands in. Code scrolls on
 * purpose; text that ends in an ellipsis is cut on purpose; and some things are there for the ear alone.
 */
const tooWide = (width) => {
  const ON_PURPOSE = ".body pre, .sr-only, .skip, svg, option, script, style, template, noscript";
  const found = [];
  const isCut = (element) => {
    for (let at = element; at; at = at.parentElement) if (getComputedStyle(at).textOverflow === "ellipsis") return true;
    return false;
  };
  const dialog = document.querySelector("dialog[open]");
  const isOutside = ({ left, right, width: wide, height }, element) => {
    if (wide === 0 || height === 0) return false;
    const frame =
      dialog?.contains(element) && element !== dialog ? dialog.getBoundingClientRect() : { left: 0, right: width };
    return right > frame.right + 1 || left < frame.left - 1;
  };
  for (const element of document.querySelectorAll("body, body *")) {
    const isCode = element.matches(".body pre");
    if (!element.checkVisibility({ visibilityProperty: true }) || (element.closest(ON_PURPOSE) && !isCode)) continue;
    if (isOutside(element.getBoundingClientRect(), element) && !isCut(element.parentElement))
      found.push(element.outerHTML.slice(0, 140));
    for (const node of isCode ? [] : element.childNodes) {
      if (node.nodeType !== Node.TEXT_NODE || node.data.trim() === "" || element.matches("textarea") || isCut(element))
        continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      if ([...range.getClientRects()].some((box) => isOutside(box, element)))
        found.push(`text ${node.data.trim().slice(0, 60)} in ${element.outerHTML.slice(0, 80)}`);
    }
  }
  const { scrollWidth } = document.scrollingElement;
  if (scrollWidth > width) found.push(`the page is ${scrollWidth} px wide`);
  if (innerWidth > width) found.push(`the layout viewport is ${innerWidth} px wide`);
  return found;
};

/** Looks at one screen after the other and remembers what they are. */
function tour(folder = process.env.PARLOR_SHOTS) {
  const seen = new Set();
  const faults = {};
  const look = async (page, name, sign) => {
    await page.locator(sign).first().waitFor();
    const wide = await page.evaluate(tooWide, WIDTH);
    if (wide.length > 0) faults[name] = wide;
    if (folder) await page.screenshot({ path: `${folder}/wide.${name.replaceAll(" ", "-")}.png` });
    seen.add(name);
  };
  return { seen, faults, look };
}

/** The screens of somebody without a session; the server has an account, and a long name. */
async function outside(look, code) {
  const { page } = await Person.arrive(world, "wide.visitor", PHONE);
  const about = await (await fetch(`${world.server.base}/api/server`)).json();
  let rule = {};
  await page.route("**/api/server", (route) => route.fulfill({ json: { ...about, name: WORD.slice(0, 64), ...rule } }));
  await page.goto("/");
  await look(page, "phase out", "form");
  rule = { needs_first_account: true };
  await page.reload();
  await page.getByRole("heading", { name: "Welcome to your new server" }).waitFor();
  await look(page, "the first account", "form");
  rule = { registration: "invite" };
  await page.goto(`/i/${code}`);
  await look(page, "route invite", ".invited-to");
  await page.getByLabel("Username").fill("no");
  await page.goto("/i/NO-SUCH-CODE");
  await look(page, "an invitation that is over", ".notice.bad");
  await page.goto("/reset/no-such-link");
  await page.getByLabel("New password").fill("another horse");
  await page.getByRole("button", { name: "Set password" }).click();
  await look(page, "route reset", ".form-error:not([hidden])");
  await page.goto("/no/such/address");
  await look(page, "route not-found", "h1");
  await page.route("**/api/auth/refresh", () => {});
  await page.goto("/");
  await look(page, "phase starting", ".starting");
  await page.unroute("**/api/auth/refresh");
  await page.route("**/api/auth/refresh", (route) => route.abort());
  await page.goto("/");
  await look(page, "phase unreachable", ".starting h1");
}

/** A room that holds everything that is long. Ada is an admin: hers is the first account. */
async function furnish() {
  const longName = (name) => ({ display_name: `${name}${WORD}`.slice(0, 64) });
  const ada = await (await Person.arrive(world, "wide.ada", PHONE)).signUp(longName("Ada"));
  const bob = await (await Person.arrive(world, `wide.${"b".repeat(27)}`)).signUp(longName("Bob"));
  const more = { kind: "public", topic: WORD.slice(0, 200) };
  const room = await ada.createRoom(`Room${WORD}`.slice(0, 60), more);
  const other = await bob.createRoom(`Other${WORD}`.slice(0, 60), more);
  const square = await bob.createRoom(`Square${WORD}`.slice(0, 60), more);
  await bob.call("POST", "/api/rooms/join", { code: room.access_code });
  await ada.call("POST", "/api/rooms/join", { code: other.access_code });
  await bob.call("PATCH", `/api/rooms/${other.id}`, { locked: true });
  const say = (person, body, rest = {}) => person.call("POST", `/api/rooms/${room.id}/messages`, { body, ...rest });
  const bring = async (name, data) => {
    const answer = await bob.context.request.post(`/api/rooms/${room.id}/files?name=${encodeURIComponent(name)}`, {
      data,
      headers: { origin: bob.base, "content-type": "application/octet-stream" },
    });
    return (await answer.json()).id;
  };
  const files = [
    await bring(FILE, Buffer.from("tea")),
    await bring(FILE.replace("txt", "png"), PNG),
    await bring(FILE.replace("txt", "wav"), WAV),
  ];
  const long = await say(bob, WORD.repeat(4));
  await say(bob, "", { files });
  await say(
    bob,
    `> ${WORD}\n\n- ${WORD}\n- \`${WORD}\`\n\n\`\`\`\n${WORD}\n\`\`\`\nhttp://example.org/${WORD} @${bob.name} **${WORD}**`,
  );
  await say(bob, `/me ${WORD}`);
  const mine = await say(ada, `${WORD} ${WORD}`, { reply_to: long.seq });
  await ada.call("PATCH", `/api/rooms/${room.id}/messages/${mine.seq}`, { body: `${WORD} again` });
  for (const { seq } of [long, mine]) await ada.call("PUT", `/api/rooms/${room.id}/messages/${seq}/pin`);
  await ada.call("PUT", `/api/rooms/${room.id}/messages/${long.seq}/reactions/${encodeURIComponent("👍")}`);
  await ada.call("POST", `/api/rooms/${room.id}/messages/${long.seq}/report`, { reason: WORD });
  await ada.call("POST", `/api/rooms/${room.id}/invites`, { max_uses: 3 });
  await ada.call("POST", "/api/me/tokens", { name: WORD.slice(0, 64), scope: "read" });
  return { ada, bob, room, other, square, long, mine };
}

async function closed(page) {
  // Escape would only empty a field for a search.
  await page.locator(".dialog-head").getByRole("button", { name: "Close" }).click();
  await page.locator("dialog[open]").waitFor({ state: "detached" });
}

/** Opens the panels of the composer. */
async function composing(look, { ada, bob, room, long, mine }) {
  const { page } = ada;
  const row = (seq) => page.locator(`.message-row[data-seq="${seq}"]`);
  await row(long.seq).focus();
  await page.keyboard.press("r");
  await look(page, "replying", ".purpose");
  await ada.composer.press("Escape");
  await row(mine.seq).focus();
  await page.keyboard.press("e");
  await look(page, "editing", ".purpose");
  await ada.composer.press("Escape");
  for (const [name, typed] of [
    ["names", "@w"],
    ["commands", "/"],
    ["emoji", ":smi"],
  ]) {
    await ada.composer.fill("");
    await ada.composer.pressSequentially(typed);
    await look(page, `completing ${name}`, ".completion li");
  }
  await ada.composer.fill(`/mgs${WORD} ${WORD}`);
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await look(page, "a refused command", ".refused");
  await ada.composer.fill(`/msg @${WORD} hello`);
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await look(page, "a notice", ".toast");
  await ada.composer.fill(WORD.repeat(30));
  await look(page, "too long a message", ".composer-box.too-long");
  await ada.composer.fill("");
  await page
    .locator('.composer input[type="file"]')
    .setInputFiles([file(FILE, 3), file(`large.${FILE}`, 25 * 1_024 * 1_024 + 1)]);
  await page.locator(".upload.ready").waitFor();
  await look(page, "files to send", ".upload.failed");
  await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["tea"], "tea.txt"));
    document
      .querySelector(".log")
      .dispatchEvent(new DragEvent("dragover", { bubbles: true, cancelable: true, dataTransfer }));
  });
  await look(page, "files above the room", ".drop-zone");
  await page.locator(".drop-zone").dispatchEvent("dragleave");
  await bob.visit(`/r/${room.id}`);
  await bob.composer.pressSequentially("so");
  await page.locator(".typing", { hasText: "typing" }).waitFor();
  await look(page, "somebody types", ".typing");
  await row(mine.seq).focus();
  await page.getByRole("toolbar").locator('[aria-expanded="false"]').click();
  await look(page, "what to do with a message", ".menu");
}

/** The dialogs of the room that is open. */
async function roomDialogs(look, { ada, long, mine }) {
  const { page } = ada;
  const row = (seq) => page.locator(`.message-row[data-seq="${seq}"]`);
  const fromMenu = async (seq, name) => {
    await row(seq).focus();
    await page.getByRole("toolbar").locator('[aria-expanded="false"]').click();
    await page.locator(".menu").getByRole("button", { name }).click();
  };
  await page.locator(".menu").getByRole("button", { name: "Earlier versions" }).click();
  await look(page, "dialog versions", "dialog .versions li");
  await closed(page);
  await fromMenu(long.seq, "Report");
  await look(page, "dialog report", "dialog .excerpt");
  await closed(page);
  for (const [key, name, sign] of [
    ["+", "emoji", ".emoji-grid button"],
    ["d", "erase", "dialog .excerpt"],
  ]) {
    await row(mine.seq).focus();
    await page.keyboard.press(key);
    await look(page, `dialog ${name}`, sign);
    await closed(page);
  }
  await page.getByRole("button", { name: "Pinned messages" }).click();
  await look(page, "dialog pins", "dialog .versions li");
  await closed(page);
  await page.getByRole("button", { name: "Room settings" }).click();
  await page.getByRole("heading", { name: "Access code" }).waitFor();
  await page.getByText(/^Used \d+ of \d+ times$/u).waitFor();
  await page.getByRole("button", { name: "Create invite" }).click();
  await page.locator("output.code.small").first().waitFor();
  await page.getByRole("button", { name: "Delete room" }).click();
  await look(page, "dialog room", ".confirm");
  await closed(page);
  await page.getByRole("button", { name: /^Members/u }).click();
  await look(page, "dialog members", "dialog .member");
  await page.locator("dialog .member-button", { hasText: "Bob" }).click();
  await page.locator("dialog .account").waitFor();
  await look(page, "dialog person", "dialog .part");
  await closed(page);
  await page.keyboard.press("Control+k");
  await look(page, "dialog switcher", "dialog [role=option]");
  await closed(page);
  await page.keyboard.press("Control+/");
  await look(page, "dialog keyboard", "dialog kbd");
  await closed(page);
}

/** The dialogs of the list of rooms. */
async function homeDialogs(look, { ada, square }) {
  const { page } = ada;
  const open = (name) => page.getByRole("button", { name }).first().click();
  await open("New message");
  await look(page, "dialog write", ".choosing li");
  await closed(page);
  await open("Create a room");
  await look(page, "dialog create", ".choice");
  await closed(page);
  await open("Browse public rooms");
  await look(page, "dialog discover", ".found-room");
  await closed(page);
  await open("Search messages");
  await page.getByLabel("Search text").fill("Wanderwege");
  await page.getByLabel("Search text").press("Enter");
  await look(page, "dialog search", ".hit");
  await closed(page);
  await open("Settings and sign out");
  await page.locator(".session").first().waitFor();
  await look(page, "dialog settings", ".session");
  await page
    .getByRole("button", { name: "Open administration" })
    .or(page.getByRole("button", { name: "Administration" }))
    .first()
    .click();
  await page.locator("dialog .session").first().waitFor();
  await look(page, "dialog admin", "dialog .session");
  for (const [tab, sign] of [
    ["Reports", "reported by"],
    ["Audit log", "report"],
    ["Server", "Open to everyone"],
  ]) {
    await page.getByRole("dialog").getByRole("button", { name: tab, exact: true }).click();
    await page.getByRole("dialog").getByText(sign, { exact: false }).first().waitFor();
    await look(page, `the administration: ${tab}`, "dialog");
  }
  await closed(page);
  await page.goto(`/i/${square.access_code}`);
  await page.locator(".invited-to").waitFor();
  await page.getByRole("button", { name: "Join room" }).waitFor();
  await look(page, "dialog join", "dialog .invited-to");
  await closed(page);
}

describe("a telephone with long words", () => {
  story("nothing is wider than the screen, on any screen and in any dialog", async () => {
    const { seen, faults, look } = tour();
    const stay = await furnish();
    const { ada, room, other } = stay;
    const { page } = ada;
    await outside(look, room.access_code);
    await ada.visit("/");
    await look(page, "route home", ".room-link");
    await ada.visit(`/r/${room.id}`);
    await page.locator(".message-row .file").first().waitFor();
    await look(page, "route room", ".message-row audio");
    seen.add("phase in");
    await page.getByRole("log").evaluate((log) => (log.scrollTop = 0));
    await look(page, "the beginning of a room", ".beginning");
    await composing(look, stay);
    await roomDialogs(look, stay);
    await ada.visit(`/r/${other.id}`);
    await look(page, "a locked room", ".composer-note");
    await ada.composer.fill(WORD);
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await look(page, "a refused message", ".message-row.failed");
    await ada.visit("/r/999999");
    await page.getByRole("heading", { name: "You cannot open this room" }).waitFor();
    await look(page, "no such room", ".home-actions");
    await ada.visit("/");
    await homeDialogs(look, stay);
    await ada.visit(`/r/${room.id}`);
    await page.locator(".message-row").first().waitFor();
    await ada.context.setOffline(true);
    await look(page, "no connection", ".banner");
    assert.deepEqual(faults, {}, JSON.stringify(faults, null, 2));
    assert.deepEqual(
      [...everything()].filter((name) => !seen.has(name)),
      [],
      "all of it was seen",
    );
  });
});
