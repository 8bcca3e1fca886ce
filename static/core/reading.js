// Read receipts: only for messages in view, in a visible page with the focus. And the indicators of the
// rest outside of the page: its title, its icon, the badge of the app.

import { effect, untracked } from "@preact/signals";
import { liveSocket } from "./socket.js";
import { attentive, currentRoom, server, unreadMarks } from "./state.js";

const TELL_MS = 250;
const ICON = "/favicon.svg";
const ICON_WITH_DOT = "/favicon-unread.svg";

const looksAtPage = () => document.visibilityState === "visible" && document.hasFocus();

function look() {
  attentive.value = looksAtPage();
}

for (const name of ["focus", "blur", "pageshow"]) addEventListener(name, look);
document.addEventListener("visibilitychange", look);
look();

/** Returns whether the reader is looking at the end of this room's log. */
export function attended(room) {
  return (
    attentive.value &&
    currentRoom.value === room &&
    room.atBottom.value &&
    room.timeline.loaded &&
    !room.timeline.hasAfter &&
    !room.keptUnread
  );
}

const untold = new Map();

/** Everything in the room has been read; the server is told in a moment. */
export function markRead(room) {
  const seq = room.timeline.headSeq;
  if (seq <= room.readSeq.value && room.unread.value === 0) return;
  room.readSeq.value = Math.max(seq, room.readSeq.value);
  room.unread.value = 0;
  room.mentions.value = 0;
  tellLater(room);
}

/** The reader has scrolled past this message. How many are left is for the server to say. */
export function readPast(room, seq) {
  if (seq <= room.readSeq.value || !attentive.value || currentRoom.value !== room || room.keptUnread) return;
  room.readSeq.value = seq;
  tellLater(room);
}

/** Tells the server how far this page has read; without a connection, `ready` brings it up again. */
export function tellLater(room) {
  if (!untold.has(room.id)) untold.set(room.id, { room, timer: setTimeout(() => tell(room), TELL_MS) });
}

function tell(room) {
  untold.delete(room.id);
  liveSocket.send({ type: "read", room_id: room.id, seq: room.readSeq.value, read_generation: room.readGeneration });
}

// There may be no later.
addEventListener("pagehide", () => {
  for (const { room, timer } of untold.values()) {
    clearTimeout(timer);
    tell(room);
  }
});

/**
 * The room was marked as unread, here or on another device: looking at it does not read it until it is opened anew.
 * To be called before the receipt moves, or an attended room is read again at once.
 */
export function keepUnread(room, readSeq) {
  if (room !== currentRoom.value) return;
  room.keptUnread = true;
  room.dividerAfter.value = readSeq;
  room.touch();
}

/** The server has yet to hear how far this page has read. */
export const isUntold = (room) => untold.has(room.id);

/** Forgets what was not told: another account may be next. */
export function forgetReading() {
  for (const { timer } of untold.values()) clearTimeout(timer);
  untold.clear();
}

effect(() => {
  const room = currentRoom.value;
  if (!room) return;
  // Read here so that the effect runs again when messages come or the log is loaded.
  void room.version.value;
  if (attended(room) && room.unread.value > 0) untracked(() => markRead(room));
});

effect(() => {
  const { count } = unreadMarks.value;
  const place = currentRoom.value?.info.value.name ?? server.value?.name ?? "Parlor";
  document.title = `${count > 0 ? `(${count}) ` : ""}${place}`;
});

effect(() => {
  const { count, dot } = unreadMarks.value;
  const icon = dot ? ICON_WITH_DOT : ICON;
  const link = document.querySelector('link[rel="icon"]');
  if (link.getAttribute("href") !== icon) link.setAttribute("href", icon);
  // Only an installed page has a badge; where it may not be set, nothing is missed.
  const set =
    count > 0 ? navigator.setAppBadge?.(count) : dot ? navigator.setAppBadge?.() : navigator.clearAppBadge?.();
  set?.catch(() => {});
});
