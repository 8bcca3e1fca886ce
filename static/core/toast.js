// The short notice at the foot of the page.

import { signal } from "@preact/signals";

const DURATION_MS = 5_000;

/** The notice that is shown now, `{id, text, tone}`, or null. */
export const toast = signal(null);

let timer = null;

/** Shows a short notice; `tone` is `good` or `bad`. */
export function showToast(text, tone = "good") {
  clearTimeout(timer);
  toast.value = { id: Date.now(), text, tone };
  timer = setTimeout(dismissToast, DURATION_MS);
}

export function dismissToast() {
  toast.value = null;
}
