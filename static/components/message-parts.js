// Parts around a message's text: the quoted message, reactions, the pin.

import { setReaction } from "../core/messages.js";
import { followLink } from "../core/router.js";
import { blocked, me, people } from "../core/state.js";
import { html } from "../lib/html.js";
import { formatList, t } from "../lib/i18n.js";
import { messagePath } from "../lib/routes.js";
import { Icon } from "./icon.js";
import { plainTextOf } from "./markdown.js";

/**
 * @param {Partial<User> | null | undefined} author
 * @returns {string}
 */
export const nameOf = (author) => {
  const known = people.value.get(author?.id) ?? author;
  return known?.display_name || known?.username || t("message.somebody");
};

/**
 * The quoted message, as a link to it.
 * @param {{ message: PendingMessage & { quote: Quote } }} props
 */
export function Quote({ message }) {
  const { quote } = message;
  const words = quote.deleted ? t("message.deleted") : plainTextOf(quote.body);
  return html`<a class="quote" href=${messagePath(message.room_id, quote.seq)} onClick=${followLink}>
    <${Icon} name="reply" /><span class="sr-only">${t("message.answers")} </span><bdi class="author">${nameOf(quote.author)}</bdi> <span class="quote-text" dir="auto">${words}</span>
  </a>`;
}

/** @param {{ message: Message }} props */
export function Reactions({ message }) {
  /**
   * @param {[string, number[]]} reaction
   * @returns {[string, number[]]}
   */
  const withoutBlocked = ([emoji, users]) => [emoji, users.filter((id) => !blocked.value.has(id))];
  const kinds = Object.entries(message.reactions ?? {})
    .map(withoutBlocked)
    .filter(([, users]) => users.length > 0);
  if (kinds.length === 0) return null;
  return html`<ul class="reactions" aria-label=${t("message.reactions")}>
    ${kinds.map(([emoji, users]) => {
      const mine = users.some((id) => id === me.value?.id);
      const who = formatList(users.map((id) => (id === me.value?.id ? t("message.you") : nameOf({ id }))));
      const label = t("message.reacted", { emoji, count: users.length, who });
      return html`<li key=${emoji}><button type="button" class=${mine ? "reaction mine" : "reaction"} aria-pressed=${String(mine)} aria-label=${label} title=${label} onClick=${() => setReaction(message, emoji, !mine)}>
        <span aria-hidden="true">${emoji} ${users.length}</span>
      </button></li>`;
    })}
  </ul>`;
}

export const Pinned = () =>
  html` <span class="pinned" title=${t("message.pinned")}><${Icon} name="pin" /><span class="sr-only">${t("message.pinned")}</span></span>`;
