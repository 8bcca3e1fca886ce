// Pictures of the page: node shots.mjs FOLDER

import { mkdirSync } from "node:fs";
import path from "node:path";
import { Person, Server, launch } from "./harness.mjs";

const folder = process.argv[2];
if (!folder) {
  console.error("usage: node shots.mjs FOLDER");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const SIZES = [
  { name: "1280", viewport: { width: 1280, height: 800 } },
  { name: "360", viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
];

const TALK = [
  ["grace", "Morning! The new build is on the staging box."],
  ["grace", "It starts in under a second now, which I did not believe until I timed it twice."],
  ["ada", "Twice is the right number."],
  ["ada", "What was it?"],
  [
    "grace",
    "A lock held across a write. The profile made it obvious:\n```\ncommit.ms  p50 1.4  p99 11.8\ncommit.ms  p50 1.3  p99  2.2   # after\n```",
  ],
  ["linus", "Nice. I'll take the release notes, then."],
  ["linus", "/me opens an editor and stares at it"],
  ["noor", "صباح الخير! هل أحتاج إلى تحديث الوثائق أيضًا؟"],
  ["ada", "Yes please: the section about backups. Nothing else moved."],
  ["noor", "On it 👍"],
  [
    "grace",
    "Then lunch at one? The place with the **long table**, there are seven of us: https://example.org/map?table=long",
  ],
];
const NAMES = {
  ada: "Ada Lovelace",
  grace: "Grace Hopper",
  linus: "Linus",
  noor: "Noor Haddad",
  ken: "Ken",
  barbara: "Barbara Liskov",
};

/** Hills in the evening. */
async function painted(page) {
  const bytes = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(720, 300);
    const brush = canvas.getContext("2d");
    const fill = (from, to, top = 0) => {
      const colours = brush.createLinearGradient(0, top, 0, 300);
      colours.addColorStop(0, from);
      colours.addColorStop(1, to);
      brush.fillStyle = colours;
    };
    fill("#35547a", "#f3b27a");
    brush.fillRect(0, 0, 720, 300);
    brush.fillStyle = "#ffe2ad";
    brush.beginPath();
    brush.arc(500, 160, 34, 0, 7);
    brush.fill();
    for (const [base, height, from, to] of [
      [190, 30, "#6f7f8d", "#5b6b78"],
      [225, 26, "#48635f", "#3a524d"],
      [262, 18, "#2c4740", "#1f352f"],
    ]) {
      fill(from, to, base - height);
      brush.beginPath();
      brush.moveTo(0, 300);
      for (let x = 0; x <= 720; x += 4)
        brush.lineTo(x, base + height * Math.sin(x / (90 - height) + base) * Math.cos(x / 210));
      brush.lineTo(720, 300);
      brush.fill();
    }
    return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
  });
  return Buffer.from(bytes);
}

const world = { server: await Server.start(), browser: await launch(), people: [] };
const crowd = {};
for (const [name, displayName] of Object.entries(NAMES))
  crowd[name] = await (await Person.arrive(world, name)).signUp({ display_name: displayName });
const rooms = [];
for (const [name, more] of [
  ["Workshop", { topic: "What we build, and what broke", kind: "public" }],
  ["Tea and small talk", { kind: "public", topic: "Anything but work" }],
  ["Release 2.4", {}],
  ["Garden", {}],
]) {
  rooms.push(await crowd.ada.createRoom(name, more));
}
for (const room of rooms)
  for (const name of ["grace", "linus", "noor", "ken", "barbara"])
    await crowd[name].call("POST", "/api/rooms/join", { code: room.access_code });
await crowd.ken.visit(`/r/${rooms[0].id}`);
await crowd.ken.page.close();
for (const name of ["grace", "linus", "noor"]) await crowd[name].visit(`/r/${rooms[1].id}`);
const say = (name, body, more = {}) =>
  crowd[name].call("POST", `/api/rooms/${rooms[0].id}/messages`, { body, ...more });
const said = [];
for (const [name, body] of TALK) said.push(await say(name, body));
const about = ({ seq }, what) => `/api/rooms/${rooms[0].id}/messages/${seq}/${what}`;
for (const [name, message, emoji] of [
  ["ada", 4, "🎉"],
  ["linus", 4, "🎉"],
  ["noor", 4, "👀"],
  ["grace", 8, "🙏"],
])
  await crowd[name].call("PUT", about(said[message], `reactions/${encodeURIComponent(emoji)}`));
await crowd.ada.call("PUT", about(said[4], "pin"));
await say("ada", "One it is.", { reply_to: said.at(-1).seq });
const view = await crowd.grace.context.request.post(`/api/rooms/${rooms[0].id}/files?name=the-view.png`, {
  data: await painted(crowd.grace.page),
  headers: { origin: crowd.grace.base, "content-type": "application/octet-stream" },
});
await say("grace", "And the view from there", { files: [(await view.json()).id] });
await crowd.linus.call("POST", `/api/rooms/${rooms[2].id}/messages`, { body: "Tagging in an hour" });
for (const body of ["Tomatoes!", "So many tomatoes", "@ada please take some"])
  await crowd.noor.call("POST", `/api/rooms/${rooms[3].id}/messages`, { body });

for (const colorScheme of ["light", "dark"]) {
  for (const { name: size, ...screen } of SIZES) {
    const options = { colorScheme, reducedMotion: "reduce", ...screen };
    const shoot = (page, name) => page.screenshot({ path: path.join(folder, `${name}-${size}-${colorScheme}.png`) });
    const wide = size === "1280";

    const visitor = await Person.arrive(world, `visitor.${size}.${colorScheme}`, options);
    await visitor.page.goto("/");
    await visitor.page.getByRole("heading", { name: "Welcome back" }).waitFor();
    await shoot(visitor.page, "signin");
    await visitor.page.goto(`/i/${rooms[0].access_code}`);
    await visitor.page.getByRole("heading", { name: "Create your account" }).waitFor();
    await shoot(visitor.page, "invited");
    await visitor.signUp({ display_name: "Somebody New" });
    await visitor.visit();
    await shoot(visitor.page, "home-empty");
    await visitor.context.close();

    const ada = await Person.arrive(world, "ada", options);
    await ada.call("POST", "/api/auth/signin", { username: "ada", password: "correct horse battery", cookie: true });
    await ada.visit(`/r/${rooms[0].id}`);
    await ada.page.getByText("And the view from there").waitFor();
    await ada.page.locator(".attachments img").evaluate((image) => image.decode());
    if (wide) await ada.page.locator(".member").first().waitFor();
    await shoot(ada.page, "room");
    await ada.page.getByRole("button", { name: "Room settings" }).click();
    await ada.page.getByRole("heading", { name: "Access code" }).waitFor();
    await shoot(ada.page, "room-settings");
    await ada.page.keyboard.press("Escape");
    if (!wide) {
      await ada.page.getByRole("button", { name: /^Members/u }).click();
      await ada.page.getByRole("dialog").locator(".member").first().waitFor();
      await shoot(ada.page, "members");
      await ada.page.keyboard.press("Escape");
    }
    await ada.page.goto(`/r/${rooms[1].id}`);
    await ada.connected();
    await ada.page.locator(".beginning").waitFor();
    await ada.context.setOffline(true);
    await ada.page.locator(".banner").waitFor();
    await ada.composer.fill("Written in a tunnel");
    await ada.page.getByRole("button", { name: "Send" }).click();
    await ada.page.locator(".outcome.waiting").waitFor();
    await shoot(ada.page, "offline");
    await ada.page.locator(".outcome.waiting").getByRole("button", { name: "Delete" }).click();
    await ada.context.setOffline(false);
    await ada.connected();
    await ada.page.locator(".banner").waitFor({ state: "detached" });
    if (!wide) await ada.page.getByRole("link", { name: "Back to the rooms" }).click();
    await ada.page.getByRole("navigation", { name: "Rooms" }).waitFor();
    if (!wide) await shoot(ada.page, "rooms");
    for (const [button, sign, name] of [
      ["Create a room", ".choice", "create"],
      ["Browse public rooms", ".found-room", "discover"],
      ["Settings and sign out", ".session", "settings"],
    ]) {
      await ada.page
        .getByRole("button", { name: new RegExp(`^${button}`, "u") })
        .first()
        .click();
      await ada.page.locator(sign).first().waitFor();
      await shoot(ada.page, name);
      await ada.page.keyboard.press("Escape");
    }
    await ada.context.close();
  }
}

await world.browser.close();
await world.server.stop();
