// Read receipts, only for messages in view, in a visible page with the focus. Also the indicators of unread
// messages outside of the page: title, icon and badge.

import { effect, untracked } from "@preact/signals";
import { liveSocket } from "./socket.js";
import { pageActive, currentRoom, server, unreadTotals } from "./state.js";

const SEND_DELAY_MS = 250;
const ICON = "/favicon.svg";
const ICON_WITH_DOT = "/favicon-unread.svg";

const isPageActive = () => document.visibilityState === "visible" && document.hasFocus();

function updatePageActive() {
  pageActive.value = isPageActive();
}

for (const name of ["focus", "blur", "pageshow"]) addEventListener(name, updatePageActive);
document.addEventListener("visibilitychange", updatePageActive);
updatePageActive();

/**
 * Returns whether the reader is looking at the end of this room's log.
 * @param {Room} room
 */
export function isAttended(room) {
  return (
    pageActive.value &&
    currentRoom.value === room &&
    room.atBottom.value &&
    room.timeline.loaded &&
    !room.timeline.hasAfter &&
    !room.stayUnread
  );
}

/** @type {Map<number, { room: Room; timer: number }>} */
const pendingReceipts = new Map();

/**
 * Marks the room as read and sends a receipt after a delay.
 * @param {Room} room
 */
export function markRead(room) {
  const seq = room.timeline.headSeq;
  if (seq <= room.readSeq.value && room.unread.value === 0) return;
  room.readSeq.value = Math.max(seq, room.readSeq.value);
  room.unread.value = 0;
  room.mentions.value = 0;
  scheduleReceipt(room);
}

/**
 * Marks messages up to this one as read. The server returns the number of unread ones.
 * @param {Room} room
 * @param {number} seq
 */
export function markReadUpTo(room, seq) {
  if (seq <= room.readSeq.value || !pageActive.value || currentRoom.value !== room || room.stayUnread) return;
  room.readSeq.value = seq;
  scheduleReceipt(room);
}

/**
 * Sends a receipt after a delay. Without a connection, the next `ready` schedules it again.
 * @param {Room} room
 */
export function scheduleReceipt(room) {
  if (!pendingReceipts.has(room.id))
    pendingReceipts.set(room.id, { room, timer: setTimeout(() => sendReceipt(room), SEND_DELAY_MS) });
}

/** @param {Room} room */
function sendReceipt(room) {
  pendingReceipts.delete(room.id);
  liveSocket.send({ type: "read", room_id: room.id, seq: room.readSeq.value, read_generation: room.readGeneration });
}

// The page may never run again.
addEventListener("pagehide", () => {
  for (const { room, timer } of pendingReceipts.values()) {
    clearTimeout(timer);
    sendReceipt(room);
  }
});

/**
 * Keeps a room unread that was marked as unread, here or on another device, until it is opened again.
 * Must be called before the receipt moves. Otherwise an open room is marked as read again immediately.
 * @param {Room} room
 * @param {number} readSeq
 */
export function keepUnread(room, readSeq) {
  if (room !== currentRoom.value) return;
  room.stayUnread = true;
  room.unreadAfter.value = readSeq;
  room.touch();
}

/**
 * Returns whether a receipt is still to be sent.
 * @param {Room} room
 */
export const hasPendingReceipt = (room) => pendingReceipts.has(room.id);

/** Drops pending receipts, because another account may sign in. */
export function clearPendingReceipts() {
  for (const { timer } of pendingReceipts.values()) clearTimeout(timer);
  pendingReceipts.clear();
}

effect(() => {
  const room = currentRoom.value;
  if (!room) return;
  // Read here so that the effect runs again when messages come or the log is loaded.
  void room.version.value;
  if (isAttended(room) && room.unread.value > 0) untracked(() => markRead(room));
});

effect(() => {
  const { count } = unreadTotals.value;
  const place = currentRoom.value?.info.value.name ?? server.value?.name ?? "Parlor";
  document.title = `${count > 0 ? `(${count}) ` : ""}${place}`;
});

effect(() => {
  const { count, dot } = unreadTotals.value;
  const icon = dot ? ICON_WITH_DOT : ICON;
  const link = document.querySelector('link[rel="icon"]');
  if (link?.getAttribute("href") !== icon) link?.setAttribute("href", icon);
  // Only an installed page has a badge. A failure does not matter.
  const set =
    count > 0 ? navigator.setAppBadge?.(count) : dot ? navigator.setAppBadge?.() : navigator.clearAppBadge?.();
  set?.catch(() => {});
});
