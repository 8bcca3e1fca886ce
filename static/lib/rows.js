// Rows of the log from messages: day separators, groups by author, condensed
// system lines, the unread divider, and pending messages.

import { condenseKind, systemText } from "./system-messages.js";
import { actionOf } from "./text.js";
import { dayKey } from "./time.js";

const GROUP_MS = 5 * 60_000;

/** @param {Message | PendingMessage} message */
const isSystem = (message) => message.kind === "system";

/**
 * Returns whether `message` continues the group of `previous`, without repeating the author.
 * @param {Message | PendingMessage | null} previous
 * @param {Message | PendingMessage} message
 */
function continues(previous, message) {
  return (
    previous !== null &&
    !isSystem(previous) &&
    previous.author?.id === message.author?.id &&
    actionOf(previous.body) === null &&
    actionOf(message.body) === null &&
    Date.parse(message.created_at) - Date.parse(previous.created_at) < GROUP_MS
  );
}

/**
 * The rows of a log. `messages` ascend; `pending` are outbox entries for the same room;
 * `unreadAfter` is the last `seq` that was read, or null for no divider; `me` wrote the pending ones.
 * @param {{ messages: Message[]; pending?: OutboxEntry[]; unreadAfter?: number | null; me?: User | null }} log
 */
export function buildRows({ messages, pending = [], unreadAfter = null, me = null }) {
  /** @type {Row[]} */
  const rows = [];
  /** @type {Message | PendingMessage | null} */
  let previous = null;
  /** @type {string | null} */
  let day = null;
  let divided = unreadAfter === null;

  /** @param {string} createdAt */
  const separate = (createdAt) => {
    const key = dayKey(createdAt);
    if (key === day) return;
    day = key;
    previous = null;
    rows.push({ type: "day", key: `day-${key}`, at: createdAt });
  };

  for (const message of messages) {
    separate(message.created_at);
    // The first message of the window may follow unread ones that are not loaded: no divider then.
    if (unreadAfter !== null && !divided && message.seq > unreadAfter && !isSystem(message)) {
      divided = true;
      previous = null;
      rows.push({ type: "unread", key: "unread" });
    }
    if (isSystem(message)) {
      const last = rows.at(-1);
      if (
        last?.type === "system" &&
        condenseKind(message) &&
        condenseKind(last.messages[0]) === condenseKind(message)
      ) {
        last.messages.push(message);
        last.text = systemText(last.messages);
        last.seq = message.seq;
      } else {
        rows.push({
          type: "system",
          key: `s${message.seq}`,
          seq: message.seq,
          messages: [message],
          text: systemText([message]),
        });
      }
    } else {
      rows.push({
        type: "message",
        key: `m${message.seq}`,
        seq: message.seq,
        message,
        first: !continues(previous, message),
        action: message.deleted_at ? null : actionOf(message.body),
      });
    }
    previous = message;
  }

  for (const entry of pending) {
    /** @type {PendingMessage} */
    const message = {
      author: me,
      body: entry.body,
      created_at: new Date(entry.at).toISOString(),
      kind: "text",
      room_id: entry.roomId,
      quote: entry.quote,
      files: entry.files,
    };
    separate(message.created_at);
    rows.push({
      type: "pending",
      key: `k${entry.key}`,
      entry,
      message,
      first: !continues(previous, message),
      action: actionOf(entry.body),
    });
    previous = message;
  }
  return rows;
}
