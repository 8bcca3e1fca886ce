// The live region: at most one polite line every few seconds; and toasts.

import { signal } from "@preact/signals";
import { t } from "../lib/i18n.js";
import { preferences } from "./preferences.js";
import { currentRoom, toast } from "./state.js";

const EVERY_MS = 3_000;
const TOAST_MS = 5_000;

/** The text of the page's polite live region. */
export const spoken = signal("");

let waiting = [];
let timer = null;
let quietUntil = 0;

/** Announces a message of another user; `live` if it was sent just now, not while the reader was away. */
export function heard(room, message, live) {
  if (room === currentRoom.value) announce(message);
  // After an absence there may be hundreds, and their number stands at their rooms.
  if (live && preferences.value.notifications === "on") void tell(room, message);
}

async function tell(room, message) {
  try {
    const { consider } = await import("./notifications.js");
    consider(room, message);
  } catch {
    // The server is away, and what tells of messages with it.
  }
}

function announce({ author, body }) {
  waiting.push(t("announce.message", { name: author?.display_name ?? t("announce.someone"), body }));
  timer ??= setTimeout(speak, Math.max(0, quietUntil - Date.now()));
}

function speak() {
  timer = null;
  quietUntil = Date.now() + EVERY_MS;
  spoken.value = waiting.length === 1 ? waiting[0].slice(0, 300) : t("announce.messages", { n: waiting.length });
  waiting = [];
}

let toastTimer = null;

/** Shows a short notice; `tone` is `good` or `bad`. */
export function notify(text, tone = "good") {
  clearTimeout(toastTimer);
  toast.value = { id: Date.now(), text, tone };
  toastTimer = setTimeout(dismissToast, TOAST_MS);
}

export function dismissToast() {
  toast.value = null;
}
