// The page that the browser keeps: without a server, and when a new version comes.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Between } from "./proxy.mjs";
import { Person, stage } from "./harness.mjs";

const { world, story } = stage();

const kept = { serviceWorkers: "allow" };
const isKept = (page) => page.waitForFunction(() => navigator.serviceWorker.controller?.state === "activated");

describe("the kept page", () => {
  story("the page opens without the server and continues when it returns", async () => {
    const ada = await (await Person.arrive(world, "kept.ada", kept)).signUp();
    const room = await ada.createRoom("Lobby");
    await ada.visit(`/r/${room.id}`);
    await isKept(ada.page);
    await world.server.kill();
    await ada.page.reload();
    await ada.page.getByRole("heading", { name: "The server cannot be reached" }).waitFor();
    await world.server.run();
    await ada.page.getByRole("button", { name: "Retry now" }).click();
    await ada.connected();
    await ada.page.getByRole("heading", { name: "Lobby", level: 1 }).waitFor();
  });

  story("a new version waits for a click, and no draft is lost", async () => {
    const between = await Between.start(world.server);
    try {
      const ada = await (await Person.arrive({ ...world, server: between }, "version.ada", kept)).signUp();
      world.people.push(ada);
      const room = await ada.createRoom("Lobby");
      await ada.visit(`/r/${room.id}`);
      await isKept(ada.page);
      const other = await ada.openTab();
      await other.goto("/");
      await ada.connected(other);

      between.change = (path, body, headers) => {
        if (path === "/app.js") {
          headers.etag = '"changed"';
          return `${body}\nglobalThis.isNew = true;\n`;
        }
        if (path !== "/build.js") return undefined;
        headers.etag = '"next"';
        return String(body)
          .replace(/"version":"\w+"/u, '"version":"next"')
          .replace(/("\/app\.js":)"\\"\w+\\""/u, '$1"\\"changed\\""');
      };
      await ada.composer.fill("half a thought");
      await ada.page.evaluate(async () => (await navigator.serviceWorker.ready).update());
      await ada.sees("A new version is available");
      assert.equal(await ada.page.evaluate(() => globalThis.isNew), undefined, "the running page stays what it is");
      assert.equal(await ada.composer.inputValue(), "half a thought");

      await ada.page.getByRole("button", { name: "Reload" }).click();
      await ada.page.waitForFunction(() => globalThis.isNew);
      await ada.connected();
      assert.equal(await ada.composer.inputValue(), "half a thought");
      assert.equal(await ada.page.getByText("A new version is available").count(), 0);

      assert.equal(await other.evaluate(() => globalThis.isNew), undefined, "nobody reloads what another tab shows");
      await other.getByRole("button", { name: "Reload" }).click();
      await other.waitForFunction(() => globalThis.isNew);
      assert.deepEqual(await other.evaluate(() => caches.keys()), ["parlor-next"]);
    } finally {
      between.stop();
    }
  });

  story("a notification opens its room in the open page", async () => {
    const ada = await (await Person.arrive(world, "click.ada", { ...kept, permissions: ["notifications"] })).signUp();
    const [here, there] = [await ada.createRoom("Here"), await ada.createRoom("There")];
    const bob = await (await Person.arrive(world, "click.bob")).signUp();
    await bob.call("POST", "/api/rooms/join", { code: there.access_code });
    await ada.page.addInitScript(() =>
      localStorage.setItem("parlor.preferences", JSON.stringify({ notifications: "on" })),
    );
    await ada.visit(`/r/${here.id}`);
    await isKept(ada.page);
    await bob.call("POST", `/api/rooms/${there.id}/messages`, { body: "over here" });
    const shown = () =>
      ada.page.evaluate(async () =>
        (await (await navigator.serviceWorker.ready).getNotifications()).map(({ title, body }) => `${title}: ${body}`),
      );
    for (let round = 0; (await shown()).length === 0 && round < 50; round += 1) await ada.page.waitForTimeout(100);
    assert.deepEqual(await shown(), ["click.bob in There: over here"]);
    const [worker] = ada.context.serviceWorkers();
    await worker.evaluate(async () => {
      const [notification] = await registration.getNotifications();
      dispatchEvent(new NotificationEvent("notificationclick", { notification }));
    });
    await ada.page.getByRole("heading", { name: "There", level: 1 }).waitFor();
    await ada.reads(["over here"]);
    assert.deepEqual(await shown(), []);
  });

  story("only the service worker may be started by its URL", async () => {
    const { page } = await Person.arrive(world, "policy", kept);
    await page.goto("/");
    const refused = await page.evaluate(() => {
      try {
        trustedTypes.createPolicy("other", { createScriptURL: (address) => address });
        return false;
      } catch (error) {
        return error instanceof TypeError;
      }
    });
    assert.equal(refused, true);
    assert.equal(
      await page.evaluate(() =>
        navigator.serviceWorker.register("/sw.js").then(
          () => "registered",
          (error) => error.name,
        ),
      ),
      "TypeError",
    );
    world.people[0].complaints = [];
  });

  story("an unknown address returns the page to browsers and a problem to programs", async () => {
    const { page } = await Person.arrive(world, "lost");
    const opened = await page.goto("/no/such/address");
    assert.equal(opened.status(), 404);
    await page.getByRole("heading", { name: "Page not found" }).waitFor();
    await page.getByRole("link", { name: "Go to your rooms" }).click();
    await page.getByRole("heading", { name: /^Welcome/u }).waitFor();
    const asked = await page.request.get("/no/such/address", { headers: { accept: "*/*" } });
    assert.equal(asked.status(), 404);
    assert.equal(asked.headers()["content-type"], "application/problem+json");
  });

  story("the page can be installed", async () => {
    const { page } = await Person.arrive(world, "installer");
    await page.goto("/");
    const session = await page.context().newCDPSession(page);
    const { errors, data } = await session.send("Page.getAppManifest");
    assert.deepEqual(errors, []);
    const { icons } = JSON.parse(data);
    for (const { src, sizes, type } of icons) {
      const answer = await page.request.get(src);
      assert.equal(answer.headers()["content-type"], type, src);
      if (sizes === "any") continue;
      const width = (await answer.body()).readUInt32BE(16);
      assert.equal(`${width}x${width}`, sizes, src);
    }
    const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
    assert.deepEqual(
      installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito"),
      [],
    );
  });
});
