// The page's polite live region: new messages for screen readers, at most one line every few seconds.

import { signal } from "@preact/signals";
import { t } from "../lib/i18n.js";

const MIN_INTERVAL_MS = 3_000;
const MAX_CHARS = 300;

/** The text of the live region. */
export const announcement = signal("");

/** @type {string[]} */
let queued = [];
/** @type {number | null} */
let timer = null;
let quietUntil = 0;

/**
 * Queues a message. Messages that queue up meanwhile are announced by their number.
 * @param {Message} message
 */
export function announce({ author, body }) {
  queued.push(t("announce.message", { name: author?.display_name ?? t("announce.someone"), body }));
  timer ??= setTimeout(publish, Math.max(0, quietUntil - Date.now()));
}

function publish() {
  timer = null;
  quietUntil = Date.now() + MIN_INTERVAL_MS;
  announcement.value =
    queued.length === 1 ? queued[0].slice(0, MAX_CHARS) : t("announce.messages", { n: queued.length });
  queued = [];
}
