// Actions on messages. Their results arrive over the socket.

import { t } from "../lib/i18n.js";
import { notify } from "./announce.js";
import { patch, put, remove } from "./api.js";
import { keepUnread } from "./reading.js";
import { rooms } from "./state.js";

const pathOf = ({ room_id: roomId, seq }) => `/api/rooms/${roomId}/messages/${seq}`;

/** Does it, or says why not. */
async function tried(action) {
  try {
    await action();
    return true;
  } catch (problem) {
    notify(problem.message, "bad");
    return false;
  }
}

export const edit = (message, body) => tried(() => patch(pathOf(message), { body }));

export const erase = (message) => tried(() => remove(pathOf(message)));

export const react = (message, emoji, on) =>
  tried(() => {
    const path = `${pathOf(message)}/reactions/${encodeURIComponent(emoji)}`;
    return on ? put(path) : remove(path);
  });

export const pin = (message, on) =>
  tried(() => (on ? put(`${pathOf(message)}/pin`) : remove(`${pathOf(message)}/pin`)));

/** From this message on, nothing has been read. */
export const markUnread = (message) =>
  tried(async () => {
    const receipt = await put(`/api/rooms/${message.room_id}/read`, { seq: message.seq - 1, force: true });
    const room = rooms.value.get(message.room_id);
    if (!room) return;
    keepUnread(room, message.seq - 1);
    room.receipt(receipt, true);
    notify(t("message.marked-unread"));
  });
