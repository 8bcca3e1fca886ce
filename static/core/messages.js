// Actions on messages. Their results arrive over the socket.

import { t } from "../lib/i18n.js";
import { showProblem, showToast } from "./toast.js";
import { patch, put, remove } from "./api.js";
import { keepUnread } from "./receipts.js";
import { rooms } from "./state.js";

/** @param {Message} message */
const pathOf = ({ room_id: roomId, seq }) => `/api/rooms/${roomId}/messages/${seq}`;

/**
 * Runs an action and shows why it failed.
 * @param {() => Promise<unknown>} action
 */
async function attempt(action) {
  try {
    await action();
    return true;
  } catch (problem) {
    showProblem(problem);
    return false;
  }
}

/**
 * @param {Message} message
 * @param {string} body
 */
export const editMessage = (message, body) => attempt(() => patch(pathOf(message), { body }));

/** @param {Message} message */
export const deleteMessage = (message) => attempt(() => remove(pathOf(message)));

/**
 * @param {Message} message
 * @param {string} emoji
 * @param {boolean} on
 */
export const setReaction = (message, emoji, on) =>
  attempt(() => {
    const path = `${pathOf(message)}/reactions/${encodeURIComponent(emoji)}`;
    return on ? put(path) : remove(path);
  });

/**
 * @param {Message} message
 * @param {boolean} on
 */
export const setPinned = (message, on) =>
  attempt(() => (on ? put(`${pathOf(message)}/pin`) : remove(`${pathOf(message)}/pin`)));

/**
 * Marks a message and all later ones as unread.
 * @param {Message} message
 */
export const markUnread = (message) =>
  attempt(async () => {
    const receipt = await put(`/api/rooms/${message.room_id}/read`, { seq: message.seq - 1, force: true });
    const room = rooms.value.get(message.room_id);
    if (!room) return;
    keepUnread(room, message.seq - 1);
    room.receipt(receipt, true);
    showToast(t("message.marked-unread"));
  });
