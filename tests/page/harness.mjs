// The real binary, a real browser, and people who use the page.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const BINARY = path.resolve(
  process.env.PARLOR_BIN ?? fileURLToPath(new URL("../../target/debug/parlor", import.meta.url)),
);
const CHROMIUM = process.env.CHROMIUM_BIN ?? "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const START_MS = 20_000;
/** Only a page that hangs takes so long, however busy the machine is. */
export const WAIT_MS = 30_000;
const STORY_MS = 300_000;
export const PASSWORD = "correct horse battery";

const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/** The tests decide about the settings, and PARLOR_BIN is none. */
const settingsLeftOut = (env) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("PARLOR_")));

/** One server with its own data folder, which outlives a kill. */
export class Server {
  output = "";

  static async start() {
    const server = new Server();
    server.port = await freePort();
    server.base = `http://127.0.0.1:${server.port}`;
    server.data = mkdtempSync(path.join(os.tmpdir(), "parlor-page-"));
    await server.run();
    return server;
  }

  async run() {
    const child = spawn(BINARY, ["--listen", `127.0.0.1:${this.port}`, "--data", this.data], {
      env: { ...settingsLeftOut(process.env), PARLOR_LIMITS_RATES: "false" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    this.exited = new Promise((resolve) => child.once("close", resolve));
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (this.output += text));
    const failed = new Promise((_, reject) => child.once("error", reject));
    await Promise.race([
      this.#answers(),
      failed,
      this.exited.then((code) => Promise.reject(new Error(`the server ended with ${code}\n${this.output}`))),
    ]);
  }

  async #answers() {
    const until = Date.now() + START_MS;
    while (Date.now() < until && this.child.exitCode === null) {
      const answer = await fetch(`${this.base}/healthz`).catch(() => null);
      if (answer) return;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    throw new Error(`the server does not answer\n${this.output}`);
  }

  async kill(signal = "SIGKILL") {
    this.child.kill(signal);
    await this.exited;
  }

  async stop() {
    await this.kill();
    rmSync(this.data, { recursive: true, force: true });
  }
}

export const launch = () => chromium.launch({ executablePath: CHROMIUM, args: FLAGS });

/** Runs in the page: whether the log's texts are these. */
const readsLike = (expected) => {
  const texts = [...document.querySelectorAll(".message-row .body")].map(
    (body) => (body.querySelector(".said") ?? body).textContent,
  );
  return JSON.stringify(texts) === JSON.stringify(expected);
};

/** A browser of one's own, with everything that it complained about. */
export class Person {
  complaints = [];
  foreign = [];

  static async arrive(world, name, options = {}) {
    const person = new Person();
    person.name = name;
    person.base = world.server.base;
    person.context = await world.browser.newContext({
      baseURL: person.base,
      viewport: { width: 1280, height: 800 },
      serviceWorkers: "block",
      ...options,
    });
    person.context.setDefaultTimeout(WAIT_MS);
    person.context.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol.startsWith("http") && origin !== person.base) person.foreign.push(request.url());
    });
    person.page = await person.openTab();
    world.people.push(person);
    return person;
  }

  async openTab() {
    const page = await this.context.newPage();
    page.on("console", (message) => this.complaints.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => this.complaints.push(`uncaught: ${error.message} ${error.stack}`));
    page.on("dialog", (dialog) => {
      this.complaints.push(`uncaught: a dialog said ${dialog.message()}`);
      void dialog.dismiss();
    });
    return page;
  }

  /** Returns the errors that must never occur in any test. */
  get faults() {
    const serious = this.complaints.filter((text) => /^uncaught:|Content Security Policy|Trusted ?Type/u.test(text));
    return [...serious, ...this.foreign.map((url) => `a request to ${url}`)];
  }

  /** A call with this browser's cookies, as the page would make it. */
  async call(method, route, data) {
    // The server may just be closing a connection that was kept for the next call.
    const response = await this.context.request.fetch(route, {
      method,
      data,
      maxRetries: 2,
      headers: { origin: this.base, "content-type": "application/json" },
    });
    const text = await response.text();
    if (!response.ok()) throw new Error(`${method} ${route} answered ${response.status()} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  async signUp(more = {}) {
    const { user } = await this.call("POST", "/api/auth/signup", {
      username: this.name,
      password: PASSWORD,
      cookie: true,
      ...more,
    });
    this.id = user.id;
    return this;
  }

  async visit(route = "/") {
    await this.page.goto(route);
    await this.connected();
    return this;
  }

  connected(page = this.page) {
    return page.locator('[data-connection="ready"]').waitFor();
  }

  createRoom(name, more = {}) {
    return this.call("POST", "/api/rooms", { name, ...more });
  }

  get composer() {
    return this.page.locator("#composer");
  }

  async say(text) {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  /** The texts of the log, in order; those that are not yet sent are among them. */
  said(page = this.page) {
    return page
      .locator(".message-row .body")
      .evaluateAll((bodies) => bodies.map((body) => (body.querySelector(".said") ?? body).textContent));
  }

  /** Waits until the log reads exactly like this. */
  async reads(expected, page = this.page) {
    await page.waitForFunction(readsLike, expected, { timeout: WAIT_MS }).catch(async () => {
      throw new Error(
        `${this.name} should read\n  ${JSON.stringify(expected)}\nbut reads\n  ${JSON.stringify(await this.said(page))}`,
      );
    });
  }

  async sees(text, page = this.page) {
    await page.getByText(text, { exact: false }).first().waitFor();
  }
}

/** A room with these people in it, each looking at it. The first one owns it. */
export async function roomOf(world, names, { name = "Lobby", ...more } = {}) {
  const people = [];
  for (const person of names) people.push(await (await Person.arrive(world, person)).signUp());
  const room = await people[0].createRoom(name, more);
  for (const person of people.slice(1)) await person.call("POST", "/api/rooms/join", { code: room.access_code });
  for (const person of people) {
    await person.visit(`/r/${room.id}`);
    await person.composer.waitFor();
  }
  return { room, people };
}

/** Returns the output of all pages and of the server, for a failed test. */
export function report(world) {
  const lines = world.people.flatMap((person) => person.complaints.map((text) => `  ${person.name}: ${text}`));
  return `the pages said:\n${lines.slice(-60).join("\n")}\nthe server said:\n${world.server.output.slice(-4_000)}`;
}

/**
 * One server and one browser for the stories of a file. A story ends with everybody's windows
 * closed and nothing found fault with.
 */
export function stage() {
  const world = { server: null, browser: null, people: [] };
  before(async () => {
    world.server = await Server.start();
    world.browser = await launch();
  });
  after(async () => {
    await world.browser?.close();
    await world.server?.stop();
  });

  const story = (name, tell) =>
    test(name, { timeout: STORY_MS }, async () => {
      world.people = [];
      try {
        await tell();
        for (const person of world.people) assert.deepEqual(person.faults, [], `${person.name}'s page`);
      } catch (error) {
        const shots = process.env.PARLOR_SHOTS;
        if (shots)
          for (const person of world.people)
            await person.page.screenshot({ path: `${shots}/${person.name}.png` }).catch(() => {});
        console.error(report(world));
        throw error;
      } finally {
        for (const person of world.people) await person.context.close();
      }
    });
  return { world, story };
}

/** A folder that is gone after the file's stories, and `file(name, size)`, which makes a file of so many zeros in it. */
export function scratch() {
  const folder = mkdtempSync(path.join(os.tmpdir(), "parlor-files-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return (name, size) => {
    const file = path.join(folder, name);
    writeFileSync(file, "");
    truncateSync(file, size);
    return file;
  };
}

/** Presses Tab until the focused element has this name. */
export async function tabTo(page, name) {
  for (let press = 0; press < 60; press += 1) {
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      return element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent;
    });
    if (name.test(focused.trim())) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never reached ${name}`);
}

/** Says `line 1` to `line <count>`, in this order, over a connection of its own; resolves when all of it is on disk. */
export function fillHistory(person, roomId, count, word = "line") {
  const say = ([room, many, what]) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://${location.host}/ws`, ["parlor.v1.json"]);
      let acks = 0;
      socket.onclose = () => reject(new Error("the connection ended"));
      socket.onmessage = ({ data }) => {
        const { type, detail } = JSON.parse(data);
        if (type === "error") reject(new Error(detail));
        if (type === "ready")
          for (let number = 1; number <= many; number += 1)
            socket.send(
              JSON.stringify({ type: "send", key: crypto.randomUUID(), room_id: room, body: `${what} ${number}` }),
            );
        if (type !== "ack" || (acks += 1) < many) return;
        socket.onclose = null;
        socket.close();
        resolve();
      };
    });
  return person.page.evaluate(say, [roomId, count, word]);
}
