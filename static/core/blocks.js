// Blocked users. Their reactions are hidden, and their messages mention no one.

import { get, put, remove } from "./api.js";
import { blocked, me } from "./state.js";

/**
 * Loads and returns the blocked users.
 * @returns {Promise<User[]>}
 */
export async function loadBlocks() {
  const reader = me.value?.id;
  /** @type {{ items: User[] }} */
  const { items } = await get("/api/me/blocks");
  if (me.value?.id === reader) blocked.value = new Set(items.map(({ id }) => id));
  return items;
}

/** @param {number} userId */
export async function block(userId) {
  await put(`/api/me/blocks/${userId}`);
  blocked.value = new Set(blocked.value).add(userId);
}

/** @param {number} userId */
export async function unblock(userId) {
  await remove(`/api/me/blocks/${userId}`);
  blocked.value = new Set([...blocked.value].filter((id) => id !== userId));
}
