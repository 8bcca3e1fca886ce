// Typing indicators: sent every 4 s while the reader types, shown for 8 s after each one received.

import { signal } from "@preact/signals";
import { liveSocket } from "./socket.js";
import { me } from "./state.js";

const SEND_INTERVAL_MS = 4_000;
const SHOWN_MS = 8_000;

/**
 * Typing users: `Map<room id, Map<user id, timer>>`, replaced with each change.
 * @type {Signal<Map<number, Map<number, number>>>}
 */
const typing = signal(new Map());

/**
 * Returns the ids of users who are typing in the room, in the order in which they began.
 * @param {number} roomId
 */
export const typingUsers = (roomId) => [...(typing.value.get(roomId)?.keys() ?? [])];

/** @type {{ roomId: number | null; at: number }} */
let lastSent = { roomId: null, at: 0 };

/**
 * Reports that the user is typing in a room.
 * @param {number} roomId
 */
export function sendTyping(roomId) {
  if (lastSent.roomId === roomId && Date.now() - lastSent.at < SEND_INTERVAL_MS) return;
  if (liveSocket.send({ type: "typing", room_id: roomId })) lastSent = { roomId, at: Date.now() };
}

/**
 * Reports that the composer was cleared without sending.
 * @param {number} roomId
 */
export function sendTypingStopped(roomId) {
  if (lastSent.roomId !== roomId) return;
  liveSocket.send({ type: "typing", room_id: roomId, on: false });
  resetTyping();
}

/** Resets the throttle after a message was sent. */
export function resetTyping() {
  lastSent = { roomId: null, at: 0 };
}

/**
 * Handles a `typing` frame.
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
 * Removes the indicator of a user who posted, left or paused.
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

/** Removes all indicators, because the connection or the account changed. */
export function clearTyping() {
  for (const inRoom of typing.value.values()) for (const timer of inRoom.values()) clearTimeout(timer);
  typing.value = new Map();
}
