// Texts of system messages in the reader's language.

import { formatList, t } from "./i18n.js";

const MAX_NAMES = 3;
/** Consecutive messages of these kinds become one line. */
const CONDENSED_KINDS = new Set(["joined", "left"]);

/** @param {User | null} author */
const nameOf = (author) => author?.display_name || author?.username || t("announce.someone");

/**
 * `joined` or `left`, where the line may stand for several messages.
 * @param {Message} message
 */
export const condenseKind = ({ kind, event }) =>
  kind === "system" && event && CONDENSED_KINDS.has(event.type) ? event.type : undefined;

/**
 * The sentence of one message, or of several that were condensed.
 * @param {Message[]} messages
 */
export function systemText(messages) {
  const [{ author, event, body }] = messages;
  const name = nameOf(author);
  switch (event?.type) {
    case "joined":
    case "left": {
      const names = [...new Set(messages.map((message) => nameOf(message.author)))];
      return t(`system.${event.type}`, { n: names.length, names: formatList(names, MAX_NAMES) });
    }
    case "created":
    case "locked":
    case "unlocked":
      return t(`system.${event.type}`, { name });
    case "kicked":
    case "banned":
      return t(`system.${event.type}`, { name, other: event.username });
    case "renamed":
      return t("system.renamed", { name, title: event.name });
    case "topic":
      return event.topic === "" ? t("system.no-topic", { name }) : t("system.topic", { name, topic: event.topic });
    case "slow_mode":
      return event.seconds === 0
        ? t("system.no-slow-mode", { name })
        : t("system.slow-mode", { name, seconds: event.seconds });
    default:
      // A newer server may send events that this page does not know.
      return body;
  }
}
