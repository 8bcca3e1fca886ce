// Several messages as one text, for copying.

import { t } from "./i18n.js";
import { actionOf } from "./text.js";
import { clock, dayKey, dayLabel } from "./time.js";

/** @param {User | null} author */
const nameOf = (author) => author?.display_name || author?.username || t("message.somebody");

/**
 * `[09:58] Ada: Milk or lemon?`, a line or more for each message, as it was written. The day stands above where
 * the messages are of several days.
 * @param {(Message | undefined)[]} messages
 */
export function transcript(messages, now = Date.now()) {
  const there = messages.filter((message) => message !== undefined).filter((message) => !message.deleted_at);
  const several = new Set(there.map(({ created_at: at }) => dayKey(at))).size > 1;
  /** @type {string[]} */
  const lines = [];
  /** @type {string | null} */
  let day = null;
  for (const { author, body, files = [], created_at: at } of there) {
    if (several && dayKey(at) !== day) {
      day = dayKey(at);
      lines.push(`${lines.length > 0 ? "\n" : ""}${dayLabel(at, now)}`);
    }
    const action = actionOf(body);
    const said = action === null ? `${nameOf(author)}: ${body}`.trimEnd() : `* ${nameOf(author)} ${action}`;
    lines.push([`[${clock(at)}] ${said}`, ...files.map(({ name }) => `<${name}>`)].join(" ").trimEnd());
  }
  return lines.join("\n");
}
