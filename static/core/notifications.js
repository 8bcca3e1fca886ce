// Notifications: of messages that are still unread after a moment, by the notification level of the
// room. Loaded with the first message that may notify.

import { effect } from "@preact/signals";
import { roomPath } from "../lib/routes.js";
import { t } from "../lib/i18n.js";
import { preferences } from "./preferences.js";
import { isAttended } from "./receipts.js";
import { navigate } from "./router.js";
import { isForMe, people, rooms } from "./state.js";

/** Time in which the message can be read, here or on another device. */
const DELAY_MS = 1_000;
const BODY_CHARS = 200;

/**
 * @param {Room} room
 * @param {Message} message
 */
function isWanted(room, message) {
  const { notify } = room.info.value;
  return notify === "none" ? false : notify === "mentions" ? isForMe(room, message) : true;
}

const isAllowed = () => preferences.value.notifications === "on" && globalThis.Notification?.permission === "granted";

/**
 * Pending notifications: `Map<room id, [message, …]>`. A burst in one room is one notification.
 * @type {Map<number, Message[]>}
 */
const pending = new Map();

/**
 * Handles a live message of another user.
 * @param {Room} room
 * @param {Message} message
 */
export function scheduleNotification(room, message) {
  if (!isAllowed() || isAttended(room) || !isWanted(room, message)) return;
  const burst = pending.get(room.id);
  if (burst) {
    burst.push(message);
    return;
  }
  const messages = [message];
  pending.set(room.id, messages);
  setTimeout(() => notifyRoom(room, messages), DELAY_MS);
}

/**
 * @param {Room} room
 * @param {Message[]} messages
 */
function notifyRoom(room, messages) {
  const unread = messages.filter(({ seq }) => seq > room.readSeq.value);
  pending.delete(room.id);
  const message = unread.at(-1);
  // Removes messages that were read meanwhile, or whose room was left.
  if (!message || rooms.value.get(room.id) !== room || !isAllowed()) return;
  const author =
    people.value.get(message.author?.id)?.display_name ?? message.author?.display_name ?? t("announce.someone");
  const { name, kind } = room.info.value;
  const title = kind === "direct" ? author : t("notifications.title", { author, room: name });
  const body =
    unread.length > 1
      ? t("notifications.more", { n: unread.length })
      : message.body.slice(0, BODY_CHARS) || t("notifications.file");
  void showNotification(room, title, body, `${roomPath(room.id)}/${message.seq}`);
}

/**
 * Functions that close the shown notifications, by room.
 * @type {Map<number, () => unknown>}
 */
const shown = new Map();

/**
 * @param {Room} room
 * @param {string} title
 * @param {string} body
 * @param {string} path
 */
async function showNotification(room, title, body, path) {
  // With one tag per room, several tabs show one notification.
  const options = { body, tag: `parlor-room-${room.id}`, icon: "/icons/192.png", data: { path } };
  const registration = await navigator.serviceWorker?.getRegistration();
  // Phones support only this way, which also works after the page is closed.
  if (registration?.active) {
    await registration.showNotification(title, options);
    shown.set(room.id, async () => {
      for (const notification of await registration.getNotifications({ tag: options.tag })) notification.close();
    });
    return;
  }
  const notification = new Notification(title, options);
  notification.onclick = () => {
    focus();
    navigate(path);
    notification.close();
  };
  shown.set(room.id, () => notification.close());
}

// Messages that were read need no notification.
effect(() => {
  for (const [id, room] of rooms.value) {
    if (room.unread.value > 0 || !shown.has(id)) continue;
    void shown.get(id)?.();
    shown.delete(id);
  }
});
