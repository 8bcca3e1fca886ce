// The short notice at the foot of the page.

import { signal } from "@preact/signals";

const DURATION_MS = 5_000;

/**
 * The current notice, `{id, text, tone}`, or null.
 * @type {Signal<ToastState | null>}
 */
export const toast = signal(null);

/** @type {number | undefined} */
let timer;

/**
 * Shows a short notice; `tone` is `good` or `bad`.
 * @param {string} text
 * @param {ToastState["tone"]} tone
 */
export function showToast(text, tone = "good") {
  clearTimeout(timer);
  toast.value = { id: Date.now(), text, tone };
  timer = setTimeout(dismissToast, DURATION_MS);
}

/** Shows why an action failed. */
export const showProblem = (/** @type {unknown} */ problem) => showToast(/** @type {Error} */ (problem).message, "bad");

export function dismissToast() {
  toast.value = null;
}
