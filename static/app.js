// The page begins here.

import { effect, untracked } from "@preact/signals";
import { render } from "preact";
import { App } from "./components/app.js";
import "./core/live.js";
import { loadLanguage } from "./core/language.js";
import "./core/marks.js";
import { preferences } from "./core/preferences.js";
import { forgetReading } from "./core/reading.js";
import { closeOutbox, openOutbox } from "./core/sending.js";
import { start } from "./core/session.js";
import { liveSocket } from "./core/socket.js";
import { dialog, now, people, rooms, roomsKnown, session } from "./core/state.js";
import { html } from "./lib/html.js";

const HALF_MINUTE_MS = 30_000;

/** What belongs to one account begins and ends with its session. */
let account = null;
function changeAccount(id) {
  if (id === account) return;
  account = id;
  if (id !== null) {
    void openOutbox(id);
    liveSocket.start();
    return;
  }
  liveSocket.stop();
  closeOutbox();
  forgetReading();
  rooms.value = new Map();
  people.value = new Map();
  roomsKnown.value = false;
  dialog.value = null;
}
effect(() => {
  const { phase, user } = session.value;
  untracked(() => changeAccount(phase === "in" ? user.id : null));
});

const tick = () => {
  now.value = Date.now();
};
setInterval(tick, HALF_MINUTE_MS);
document.addEventListener("visibilitychange", tick);

const root = document.getElementById("app");
const started = start();
await loadLanguage();
root.replaceChildren();
// Clocks of another kind: every time is said anew, wherever it stands.
effect(() => {
  const { hours } = preferences.value;
  untracked(() => render(html`<${App} key=${hours} />`, root));
});
// What the first view can do without, and a page that has just lost its server, too.
await started;
const unreachable = () => {};
void import("./core/shortcuts.js").catch(unreachable);
void import("./core/service-worker.js").catch(unreachable);
