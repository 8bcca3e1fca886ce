// A room's messages over HTTP: the first page, older ones and newer ones.

import { effect } from "@preact/signals";
import { get } from "./api.js";
import { connection, currentRoom, route } from "./state.js";

const PAGE_SIZE = 50;
/** With more unread messages, the log opens at the first of them instead of its end. */
const FAR_BEHIND = 100;
/** The window grows to this many messages before its far end is removed. */
const MAX_WINDOW = 300;
const TRIMMED_WINDOW = 250;

/**
 * @param {Room} room
 * @param {Record<string, number>} query
 * @returns {Promise<MessagePage>}
 */
export const fetchMessages = (room, query) =>
  get(`/api/rooms/${room.id}/messages?${new URLSearchParams(/** @type {Query} */ (query))}`);

/**
 * Loads the room's first page: around `seq`, around the first unread, or the newest.
 * @param {Room} room
 * @param {number | null} [seq]
 */
export async function openRoom(room, seq = null) {
  if (room.loading.value === "loading") return;
  const { timeline } = room;
  room.target.value = seq;
  if (seq !== null) {
    if (timeline.loaded && seq >= timeline.lo && seq <= timeline.hi) {
      room.opening = { seq };
      room.touch();
    } else {
      await load(room, { around: seq, limit: PAGE_SIZE }, { seq });
    }
  } else if (!timeline.loaded) {
    const behind = room.unread.value > FAR_BEHIND;
    await load(room, behind ? { around: room.readSeq.value + 1, limit: PAGE_SIZE } : { limit: PAGE_SIZE }, {
      unread: true,
    });
  }
}

/** Delay before a failed room is loaded again over an existing connection. */
const RETRY_MS = 2_000;

// A short loss of the network may not close the socket, so that no new `ready` arrives.
effect(() => {
  const room = currentRoom.value;
  const state = /** @type {Problem | undefined} */ (room?.loading.value);
  if (!room || !state?.offline || connection.value.phase !== "ready") return undefined;
  const timer = setTimeout(() => void openRoom(room, route.value.seq), RETRY_MS);
  return () => clearTimeout(timer);
});

/**
 * Shows the newest messages instead of the current part of the history.
 * @param {Room} room
 */
export async function jumpToPresent(room) {
  if (room.timeline.hasAfter) await load(room, { limit: PAGE_SIZE }, { end: true });
}

/**
 * @param {Room} room
 * @param {Record<string, number>} query
 * @param {Opening} opening
 */
async function load(room, query, opening) {
  const { timeline } = room;
  room.loading.value = "loading";
  timeline.loading = true;
  try {
    const page = await fetchMessages(room, query);
    timeline.show(page);
    room.opening = opening;
    room.loading.value = "ready";
  } catch (problem) {
    timeline.loading = false;
    room.loading.value = /** @type {Problem} */ (problem);
  }
  room.touch();
}

/** @param {Room} room */
export async function loadBefore(room) {
  const { timeline } = room;
  if (!timeline.loaded || !timeline.hasBefore || room.loadingBefore.value) return;
  room.loadingBefore.value = true;
  try {
    timeline.prepend(await fetchMessages(room, { before: timeline.lo, limit: PAGE_SIZE }));
    if (timeline.size > MAX_WINDOW) timeline.trimEnd(TRIMMED_WINDOW);
  } catch {
    await pauseAfterFailure();
  } finally {
    room.loadingBefore.value = false;
    room.touch();
  }
}

/** @param {Room} room */
export async function loadAfter(room) {
  const { timeline } = room;
  if (!timeline.loaded || !timeline.hasAfter || room.loadingAfter.value) return;
  room.loadingAfter.value = true;
  try {
    timeline.append(await fetchMessages(room, { after: timeline.hi, limit: PAGE_SIZE }));
    if (timeline.size > MAX_WINDOW) timeline.trimStart(TRIMMED_WINDOW);
  } catch {
    await pauseAfterFailure();
  } finally {
    room.loadingAfter.value = false;
    room.touch();
  }
}

/** Waits after a failure, because scrolling repeats the request often. */
export const pauseAfterFailure = () => new Promise((resolve) => setTimeout(resolve, 2_000));

/**
 * Limits the window while messages arrive.
 * @param {Room} room
 */
export function trimWindow(room) {
  const { timeline } = room;
  if (timeline.size <= MAX_WINDOW || timeline.hasAfter) return;
  const reading = room === currentRoom.value && !room.atBottom.value;
  if (!reading) timeline.trimStart(TRIMMED_WINDOW);
  // The reader has scrolled up: new messages are loaded when they scroll down.
  else timeline.detach();
}

/**
 * The room is closed: its next visit starts at its end or at the first unread message.
 * @param {Room} room
 */
export function closeRoom(room) {
  room.atBottom.value = false;
  room.stayUnread = false;
  room.target.value = null;
  room.opening = { unread: true };
  if (room.timeline.hasAfter) {
    room.timeline.forget();
    room.loading.value = "idle";
  } else {
    room.timeline.trimStart(2 * PAGE_SIZE);
  }
}
