// Entry point of the page.

import { effect, untracked } from "@preact/signals";
import { render } from "preact";
import { App } from "./components/app.js";
import "./core/file-drag.js";
import "./core/frame-handlers.js";
import { loadLanguage } from "./core/language.js";
import { preferences } from "./core/preferences.js";
import { clearPendingReceipts } from "./core/receipts.js";
import { closeOutbox, openOutbox } from "./core/sending.js";
import { restoreSession } from "./core/session.js";
import { liveSocket } from "./core/socket.js";
import { clearAccountData, dialog, session, updateNow } from "./core/state.js";
import { html } from "./lib/html.js";

const HALF_MINUTE_MS = 30_000;
/** Delay before the page is stored, so that this does not slow the first view. */
const LATER_MS = 4_000;

/** Version of this page. A new one may arrive while the page loads. */
const keeper = navigator.serviceWorker?.controller ?? null;

/**
 * State of one account exists as long as its session.
 * @type {number | null}
 */
let account = null;
/** @param {number | null} id */
function changeAccount(id) {
  if (id === account) return;
  account = id;
  if (id !== null) {
    openOutbox(id);
    liveSocket.start();
    return;
  }
  liveSocket.stop();
  closeOutbox();
  clearPendingReceipts();
  clearAccountData();
}
effect(() => {
  const { phase, user } = session.value;
  untracked(() => changeAccount(phase === "in" && user ? user.id : null));
});

// The keys of the page come with the first one that is pressed, which still does what it stands for: unless a
// dialog was opened or closed meanwhile, that is.
/** @type {(event: KeyboardEvent) => unknown} */
let press = async (event) => {
  const open = dialog.value;
  // A module that cannot be loaded now is asked for again by the next key.
  const shortcuts = await import("./core/shortcuts.js").catch(() => null);
  if (!shortcuts) return;
  press = shortcuts.handleKey;
  if (dialog.value === open) press(event);
};
addEventListener("keydown", (event) => void press(event));

setInterval(updateNow, HALF_MINUTE_MS);
document.addEventListener("visibilitychange", updateNow);

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
const started = restoreSession();
await loadLanguage();
root.replaceChildren();
// A change of the time format redraws all times.
effect(() => {
  const { hours } = preferences.value;
  untracked(() => render(html`<${App} key=${hours} />`, root));
});
await started;
// Service workers exist only over HTTPS and on localhost. The page works without one.
const keep = async () => (await import("./core/service-worker.js")).installServiceWorker(keeper);
if (navigator.serviceWorker) setTimeout(() => void keep().catch(() => {}), LATER_MS);
