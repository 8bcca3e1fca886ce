// What is said aloud: one polite line every few seconds at most, and short notices.

import { signal } from "@preact/signals";
import { t } from "../lib/i18n.js";
import { toast } from "./state.js";

const EVERY_MS = 3_000;
const TOAST_MS = 5_000;

/** The text of the page's polite live region. */
export const spoken = signal("");

let waiting = [];
let timer = null;
let quietUntil = 0;

/** A new message in the open room. */
export function announce({ author, body }) {
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
