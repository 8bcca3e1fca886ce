// Read receipts: only for messages in view, in a visible page with the focus. And the indicators of the
// rest outside of the page: its title, its icon, the badge of the app.

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
 * Everything in the room has been read; the server is told in a moment.
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
 * The reader has scrolled past this message. How many are left is for the server to say.
 * @param {Room} room
 * @param {number} seq
 */
export function markReadUpTo(room, seq) {
  if (seq <= room.readSeq.value || !pageActive.value || currentRoom.value !== room || room.stayUnread) return;
  room.readSeq.value = seq;
  scheduleReceipt(room);
}

/**
 * Tells the server how far this page has read; without a connection, `ready` brings it up again.
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

// There may be no later.
addEventListener("pagehide", () => {
  for (const { room, timer } of pendingReceipts.values()) {
    clearTimeout(timer);
    sendReceipt(room);
  }
});

/**
 * The room was marked as unread, here or on another device: looking at it does not read it until it is opened anew.
 * To be called before the receipt moves, or an attended room is read again at once.
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
 * The server has yet to hear how far this page has read.
 * @param {Room} room
 */
export const hasPendingReceipt = (room) => pendingReceipts.has(room.id);

/** Forgets what was not told: another account may be next. */
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
  // Only an installed page has a badge; where it may not be set, nothing is missed.
  const set =
    count > 0 ? navigator.setAppBadge?.(count) : dot ? navigator.setAppBadge?.() : navigator.clearAppBadge?.();
  set?.catch(() => {});
});
