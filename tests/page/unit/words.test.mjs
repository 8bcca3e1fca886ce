import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, test } from "node:test";
import { reconnectDelay } from "../../../static/lib/connection.js";
import { deviceName } from "../../../static/lib/device.js";
import { formatList, setLanguage } from "../../../static/lib/i18n.js";
import { Problem } from "../../../static/lib/problem.js";
import { codeFrom, invitePath, parseRoute } from "../../../static/lib/routes.js";
import { actionOf, codePoints, fileSize, hueOf, initials, trimBody } from "../../../static/lib/text.js";
import { relativeTime, clock, dayLabel, lastSeenText, setHourCycle } from "../../../static/lib/time.js";

const catalogue = (code) =>
  JSON.parse(readFileSync(new URL(`../../../static/lang/${code}.json`, import.meta.url), "utf8"));
beforeEach(() => setLanguage("en", catalogue("en"), "en-GB"));

const now = new Date(2026, 2, 9, 10, 0).getTime();
const before = (ms) => new Date(now - ms).toISOString();
const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

test("the pause before a reconnect doubles to 30 s, with full jitter", () => {
  const longest = Array.from({ length: 8 }, (_, attempt) => reconnectDelay(attempt, () => 1));
  assert.deepEqual(longest, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(
    reconnectDelay(5, () => 0),
    0,
  );
  assert.equal(
    reconnectDelay(1_000, () => 1),
    30_000,
  );
});

test("when somebody was last seen", () => {
  assert.equal(lastSeenText(before(20 * SECOND), now), "last seen just now");
  assert.equal(lastSeenText(before(5 * MINUTE), now), "last seen 5 min ago");
  assert.equal(lastSeenText(before(2.5 * HOUR), now), "last seen 2 hr ago");
  assert.equal(lastSeenText(before(3 * DAY), now), "last seen 3 days ago");
  assert.match(lastSeenText(before(90 * DAY), now), /^last seen on .*2025/u);
  assert.equal(lastSeenText(null, now), "never online");
  assert.equal(relativeTime(before(-5 * SECOND), now), "just now", "clocks differ a little");
});

test("times in another language", () => {
  setLanguage("de", catalogue("de"));
  assert.equal(lastSeenText(before(2 * HOUR), now), "zuletzt gesehen vor 2 Std.");
  assert.equal(dayLabel(new Date(2026, 2, 2).toISOString(), now), "Montag, 2. März");
});

test("a clock of 12 or of 24 hours, whatever the language does", () => {
  const evening = new Date(2026, 2, 9, 21, 5).toISOString();
  assert.equal(clock(evening), "21:05");
  setHourCycle("12");
  assert.match(clock(evening), /^9:05.pm$/iu);
  setLanguage("en", catalogue("en"), "en-US");
  assert.match(clock(evening), /^9:05.pm$/iu);
  setHourCycle("24");
  assert.equal(clock(evening), "21:05");
  setHourCycle("auto");
  assert.match(clock(evening), /^9:05.pm$/iu);
});

test("days by their names", () => {
  assert.equal(dayLabel(new Date(2026, 2, 9, 0, 1).toISOString(), now), "Today");
  assert.equal(dayLabel(new Date(2026, 2, 8, 23, 59).toISOString(), now), "Yesterday");
  assert.match(dayLabel(new Date(2026, 2, 2).toISOString(), now), /^Monday/u);
  assert.match(dayLabel(new Date(2024, 2, 2).toISOString(), now), /2024/u);
});

test("the length of a body is its code points", () => {
  assert.equal(codePoints("abc"), 3);
  assert.equal(codePoints("👍👍"), 2);
});

test("actions", () => {
  assert.equal(actionOf("/me waves"), "waves");
  assert.equal(actionOf("/me"), null);
  assert.equal(actionOf("/message me"), null);
  assert.equal(actionOf("say /me waves"), null);
});

test("a draft loses its blank edges and keeps its shape", () => {
  assert.equal(trimBody("\n  \n  code\n    more\n\n"), "  code\n    more");
  assert.equal(trimBody("   "), "");
});

test("sixteen hues, another one for each of sixteen neighbours", () => {
  const hues = Array.from({ length: 16 }, (_, index) => hueOf(1_000 + index));
  assert.deepEqual(
    hues.toSorted((a, b) => a - b),
    Array.from({ length: 16 }, (_, index) => index),
  );
  assert.equal(hueOf(5), hueOf(21));
});

test("initials", () => {
  assert.equal(initials("Ada Lovelace"), "AL");
  assert.equal(initials("ada"), "A");
  assert.equal(initials("🦊 fox"), "🦊F");
  assert.equal(initials("  "), "?");
});

test("lists of names", () => {
  assert.equal(formatList(["a"]), "a");
  assert.equal(formatList(["a", "b", "c"], 3), "a, b and c");
  assert.equal(formatList(["a", "b", "c", "d", "e"], 3), "a, b and 3 others");
});

test("addresses", () => {
  assert.deepEqual(parseRoute("/"), { name: "home" });
  assert.deepEqual(parseRoute("/r/12"), { name: "room", roomId: 12, seq: null });
  assert.deepEqual(parseRoute("/r/12/345"), { name: "room", roomId: 12, seq: 345 });
  assert.deepEqual(parseRoute("/i/a%2Fb"), { name: "invite", code: "a/b" });
  assert.deepEqual(parseRoute("/i/%E0%A4%A"), { name: "invite", code: "%E0%A4%A" });
  assert.deepEqual(parseRoute("/elsewhere"), { name: "not-found" });
});

test("a code as it is pasted", () => {
  assert.equal(codeFrom("  abc-123 \n"), "abc-123");
  assert.equal(codeFrom(`https://chat.example${invitePath("a/b")}`), "a/b");
  assert.equal(codeFrom("http://127.0.0.1:8000/i/xyz?from=mail"), "xyz");
});

test("devices by name", () => {
  assert.equal(
    deviceName("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36"),
    "Chrome on Linux",
  );
  assert.equal(
    deviceName("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19 Safari/604"),
    "Safari on iPhone",
  );
  assert.equal(deviceName("curl/8.5.0"), "curl");
  assert.equal(deviceName("backup-robot/2"), "backup-robot/2");
  assert.equal(deviceName(null), "Unknown device");
});

test("a problem by its fields", async () => {
  const body = {
    title: "Invalid",
    status: 422,
    code: "invalid",
    errors: [{ pointer: "/username", detail: "is taken" }],
  };
  const problem = await Problem.from(
    new Response(JSON.stringify(body), { status: 422, headers: { "retry-after": "7" } }),
  );
  assert.deepEqual(problem.fields, { username: "is taken" });
  assert.equal(problem.retryAfter, 7);
  const proxy = await Problem.from(new Response("<h1>Bad gateway</h1>", { status: 502 }));
  assert.equal(proxy.code, "http_502");
});

test("sizes of files", () => {
  assert.equal(fileSize(820), "820 byte");
  assert.equal(fileSize(1_000), "0.98 kB");
  assert.equal(fileSize(26_214_400), "25 MB", "the limit, unless it was changed");
  assert.equal(fileSize(2_400_000), "2.3 MB");
  assert.equal(fileSize(1_048_575), "1 MB");
  assert.equal(fileSize(3 * 1_024 ** 3), "3 GB");
});
