// Typing indicators: sent every 4 s while the reader types, shown for 8 s after each one received.

import { signal } from "@preact/signals";
import { liveSocket } from "./socket.js";
import { me } from "./state.js";

const SEND_INTERVAL_MS = 4_000;
const SHOWN_MS = 8_000;

/**
 * `Map<room id, Map<user id, timer>>`, replaced when somebody begins or ends.
 * @type {Signal<Map<number, Map<number, number>>>}
 */
const typing = signal(new Map());

/**
 * The ids of who types in the room now, in the order in which they began.
 * @param {number} roomId
 */
export const typingUsers = (roomId) => [...(typing.value.get(roomId)?.keys() ?? [])];

/** @type {{ roomId: number | null; at: number }} */
let lastSent = { roomId: null, at: 0 };

/**
 * Something was typed in the room's composer.
 * @param {number} roomId
 */
export function sendTyping(roomId) {
  if (lastSent.roomId === roomId && Date.now() - lastSent.at < SEND_INTERVAL_MS) return;
  if (liveSocket.send({ type: "typing", room_id: roomId })) lastSent = { roomId, at: Date.now() };
}

/**
 * The room's composer was emptied without sending.
 * @param {number} roomId
 */
export function sendTypingStopped(roomId) {
  if (lastSent.roomId !== roomId) return;
  liveSocket.send({ type: "typing", room_id: roomId, on: false });
  resetTyping();
}

/** It was sent: the next key is a new beginning. */
export function resetTyping() {
  lastSent = { roomId: null, at: 0 };
}

/**
 * Takes in a `typing` frame.
 * @param {FrameOf<"typing">} frame
 */
export function receiveTyping({ room_id: roomId, user_id: userId }) {
  if (userId === me.value?.id) return;
  const inRoom = new Map(typing.value.get(roomId));
  clearTimeout(inRoom.get(userId));
  inRoom.set(
    userId,
    setTimeout(() => removeTyping(roomId, userId), SHOWN_MS),
  );
  typing.value = new Map(typing.value).set(roomId, inRoom);
}

/**
 * They said it, left or have been silent for long enough.
 * @param {number} roomId
 * @param {number} userId
 */
export function removeTyping(roomId, userId) {
  const known = typing.value.get(roomId);
  if (!known?.has(userId)) return;
  clearTimeout(known.get(userId));
  const inRoom = new Map(known);
  inRoom.delete(userId);
  const others = new Map(typing.value);
  if (inRoom.size > 0) others.set(roomId, inRoom);
  else others.delete(roomId);
  typing.value = others;
}

/** Forgets everybody: the connection or the account is another one. */
export function clearTyping() {
  for (const inRoom of typing.value.values()) for (const timer of inRoom.values()) clearTimeout(timer);
  typing.value = new Map();
}
