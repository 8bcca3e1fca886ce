// Actions on messages. Their results arrive over the socket.

import { t } from "../lib/i18n.js";
import { showToast } from "./toast.js";
import { patch, put, remove } from "./api.js";
import { keepUnread } from "./receipts.js";
import { rooms } from "./state.js";

const pathOf = ({ room_id: roomId, seq }) => `/api/rooms/${roomId}/messages/${seq}`;

/** Does it, or says why not. */
async function attempt(action) {
  try {
    await action();
    return true;
  } catch (problem) {
    showToast(problem.message, "bad");
    return false;
  }
}

export const editMessage = (message, body) => attempt(() => patch(pathOf(message), { body }));

export const deleteMessage = (message) => attempt(() => remove(pathOf(message)));

export const setReaction = (message, emoji, on) =>
  attempt(() => {
    const path = `${pathOf(message)}/reactions/${encodeURIComponent(emoji)}`;
    return on ? put(path) : remove(path);
  });

export const setPinned = (message, on) =>
  attempt(() => (on ? put(`${pathOf(message)}/pin`) : remove(`${pathOf(message)}/pin`)));

/** From this message on, nothing has been read. */
export const markUnread = (message) =>
  attempt(async () => {
    const receipt = await put(`/api/rooms/${message.room_id}/read`, { seq: message.seq - 1, force: true });
    const room = rooms.value.get(message.room_id);
    if (!room) return;
    keepUnread(room, message.seq - 1);
    room.receipt(receipt, true);
    showToast(t("message.marked-unread"));
  });
