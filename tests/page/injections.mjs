// Markup in whatever people can write.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Person, stage } from "./harness.mjs";

const { world, story } = stage();

const CORPUS = [
  "<script>window.__ran = 1</script>",
  '<img src=x onerror="window.__ran = 1">',
  "<svg/onload=window.__ran=1>",
  '"><iframe srcdoc="<script>parent.__ran=1</script>">',
  "javascript:window.__ran=1",
  '<a href="javascript:window.__ran=1">x</a>',
  "${window.__ran = 1}",
  "{{constructor.constructor('window.__ran=1')()}}",
  "</textarea><script>window.__ran=1</script>",
  "<style>body{display:none}</style>",
  "&lt;script&gt;window.__ran=1&lt;/script&gt;",
  '<math><mi//xlink:href="data:x,<script>window.__ran=1</script>">',
  "__proto__",
  "<template shadowrootmode=open><script>window.__ran=1</script></template>",
];

describe("injections", () => {
  story("markup in names, topics and bodies is text", async () => {
    const ada = await (await Person.arrive(world, "inject.ada")).signUp({ display_name: CORPUS[1] });
    const rooms = [];
    for (const text of CORPUS) rooms.push(await ada.createRoom(text.slice(0, 80), { topic: text, kind: "public" }));
    for (const text of CORPUS) await ada.call("POST", `/api/rooms/${rooms[0].id}/messages`, { body: text });
    await ada.visit(`/r/${rooms[0].id}`);
    await ada.reads(CORPUS);
    const files = [];
    for (const text of CORPUS.slice(0, 10))
      files.push(
        await ada.call(
          "POST",
          `/api/rooms/${rooms[1].id}/files?name=${encodeURIComponent(`${text}.svg`)}`,
          "<svg xmlns='http://www.w3.org/2000/svg' onload='window.__ran=1'/>",
        ),
      );
    const { seq } = await ada.call("POST", `/api/rooms/${rooms[1].id}/messages`, {
      body: "",
      files: files.map(({ id }) => id),
    });
    await ada.visit(`/r/${rooms[1].id}`);
    await ada.page.locator(`.message-row[data-seq="${seq}"]`).waitFor();
    assert.equal(await ada.page.evaluate(() => window.__ran), undefined, "names of files");
    await ada.visit(`/r/${rooms[0].id}`);
    await ada.reads(CORPUS);
    for (const text of CORPUS.slice(0, 3)) await ada.say(text);
    await ada.reads([...CORPUS, ...CORPUS.slice(0, 3)]);
    await ada.page.getByRole("button", { name: "Browse public rooms" }).click();
    await ada.page.locator(".found-name", { hasText: CORPUS[0] }).waitFor();
    await ada.page.keyboard.press("Escape");
    await ada.page.getByRole("button", { name: "Room settings" }).click();
    await ada.page.getByRole("heading", { name: "Access code" }).waitFor();
    assert.equal(await ada.page.evaluate(() => window.__ran), undefined);
    assert.equal(await ada.page.locator("iframe, .log img, .log script, .log a, .log style").count(), 0);
    assert.equal(await ada.page.locator(".message-row .author").first().textContent(), CORPUS[1]);
  });
});
