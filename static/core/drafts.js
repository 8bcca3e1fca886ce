// Stored drafts of messages, one for each user and room.

import { me } from "./state.js";
import { keysWithPrefix, read, remove, write } from "./storage.js";

/**
 * @param {number | undefined} userId
 * @param {number | string} roomId
 */
const keyOf = (userId, roomId) => `parlor.draft.${userId}.${roomId}`;

/**
 * Returns the draft of a room, or an empty text.
 * @param {Room} room
 * @returns {string}
 */
export const loadDraft = (room) => read(keyOf(me.value?.id, room.id), "");

/**
 * Replaces the draft of a room. An empty text deletes it.
 * @param {Room} room
 * @param {string} text
 */
export function saveDraft(room, text) {
  const key = keyOf(me.value?.id, room.id);
  if (text === "") remove(key);
  else write(key, text);
}

/** @param {number} userId */
export const deleteDrafts = (userId) => keysWithPrefix(keyOf(userId, "")).forEach(remove);
