// Handlers of the server's frames.

import { batch } from "@preact/signals";
import { t } from "../lib/i18n.js";
import { loadAfter, openRoom, trimWindow } from "./history.js";
import { announce } from "./live-region.js";
import { memberJoined, memberLeft, applyPresence, rememberUser, reloadMembers } from "./members.js";
import { preferences } from "./preferences.js";
import {
  isAttended,
  clearPendingReceipts,
  hasPendingReceipt,
  keepUnread,
  markRead,
  scheduleReceipt,
} from "./receipts.js";
import { removeRoom, retainRooms, upsertRoom } from "./rooms.js";
import { confirmMessage, outbox } from "./sending.js";
import { endSession, updateOwnUser } from "./session.js";
import { setHandlers, liveSocket } from "./socket.js";
import {
  bodyLimit,
  closeDialog,
  currentRoom,
  isForMe,
  me,
  people,
  rooms,
  roomsLoaded,
  route,
  session,
} from "./state.js";
import { showToast } from "./toast.js";
import { clearTyping, receiveTyping, removeTyping } from "./typing.js";

/** @type {FrameHandlers} */
const handlers = {
  ready,
  message,
  ack,
  synced,
  behind,
  presence,
  typing: receiveTyping,
  typing_stopped: (frame) => removeTyping(frame.room_id, frame.user_id),
  read,
  room,
  room_left: roomLeft,
  error,
};

setHandlers({
  onFrame: (frame) => batch(() => handle(frame)),
  onPhase: (phase) => {
    if (phase === "ready") return;
    clearTyping();
    outbox.value?.disconnected();
    for (const known of rooms.value.values()) known.timeline.dropSync();
  },
  onEnded: () => endSession(),
});

/**
 * Handles a frame. A newer server may send types that this page does not know.
 * @template {keyof FrameBodies} Type
 * @param {FrameOf<Type>} frame
 */
function handle(frame) {
  handlers[frame.type]?.(frame);
}

/**
 * Epoch of the server's database; null before the first `ready`.
 * @type {string | null}
 */
let epoch = null;

/**
 * The server has another history, because a backup was restored: its numbers identify other messages now.
 * Drops all messages and keeps the outbox.
 */
function resetHistory() {
  clearPendingReceipts();
  rooms.value = new Map();
  people.value = new Map();
  closeDialog();
  outbox.value?.forgetNumbers();
  showToast(t("epoch.changed"));
}

/** @param {FrameOf<"ready">} frame */
function ready(frame) {
  if (frame.user) updateOwnUser(frame.user);
  if (frame.limits?.body_chars) bodyLimit.value = frame.limits.body_chars;
  for (const id of retainRooms(new Set(frame.rooms.map(({ id }) => id))))
    outbox.value?.failRoom(id, t("pending.no-room"));
  if (epoch !== null && frame.epoch !== epoch) resetHistory();
  epoch = frame.epoch;
  /** @type {Record<string, number | null>} */
  const missed = {};
  for (const item of frame.rooms) {
    const known = upsertRoom(item);
    if ((item.read_generation ?? 0) > known.readGeneration && item.unread) keepUnread(known, item.read_seq ?? 0);
    if (known.receipt(item)) scheduleReceipt(known);
    if (known.timeline.updateHead(item.head)) {
      if (known.timeline.loaded || known.timeline.loading) missed[item.id] = known.timeline.rev;
      else known.timeline.caughtUpTo(item.head.rev);
    } else if (known.timeline.isAheadOf(item.head)) {
      // The number may be newer, or a backup was restored without a new epoch. The server decides.
      missed[item.id] = known.timeline.rev;
    }
    if (known.members.value || known === currentRoom.value) reloadMembers(known);
  }
  roomsLoaded.value = true;
  // The open room could not be loaded while the server was unreachable.
  if (currentRoom.value?.loading.value instanceof Error) void openRoom(currentRoom.value, route.value.seq);
  sync(missed);
  outbox.value?.connected();
  // Another device may have blocked a user meanwhile. If this fails, the next connection loads the list.
  void import("./blocks.js").then(({ loadBlocks }) => loadBlocks()).catch(() => {});
}

/**
 * Requests all changes since these revs: `{"1": 520}`.
 * @param {Record<string, number | null>} revs
 */
function sync(revs) {
  if (Object.keys(revs).length === 0) return;
  for (const id of Object.keys(revs)) rooms.value.get(Number(id))?.timeline.startSync();
  liveSocket.send({ type: "sync", rooms: revs });
}

/** @param {Room} known */
const syncRoom = (known) => sync({ [known.id]: known.timeline.rev });

/** @param {FrameOf<"message">} frame */
function message(frame) {
  const known = rooms.value.get(frame.room_id);
  if (!known) return;
  const { message: arrived } = frame;
  const isNew = arrived.seq > known.timeline.headSeq;
  const { syncing } = known.timeline;
  const verdict = known.timeline.receive(arrived);
  if (verdict === "gap") syncRoom(known);
  if (arrived.key && arrived.author?.id === me.value?.id) confirmMessage(arrived.key, arrived.seq);
  if (isNew) handleNewMessage(known, arrived, syncing);
  if (isNew && arrived.author) removeTyping(known.id, arrived.author.id);
  if (arrived.author && arrived.kind !== "system") rememberUser(arrived.author);
  trimWindow(known);
  known.touch();
}

/**
 * @param {Room} known
 * @param {Message} arrived
 * @param {boolean} syncing
 */
function handleNewMessage(known, arrived, syncing) {
  if (arrived.kind === "system") {
    handleSystemEvent(known, arrived);
    if (isAttended(known)) markRead(known);
    return;
  }
  if (arrived.author?.id === me.value?.id) {
    known.readSeq.value = Math.max(known.readSeq.value, arrived.seq);
    known.unread.value = 0;
    known.mentions.value = 0;
    known.unreadAfter.value = null;
    return;
  }
  if (known === currentRoom.value) announce(arrived);
  // After an absence there may be hundreds of messages. The rooms show their number.
  if (!syncing && preferences.value.notifications === "on") void scheduleNotification(known, arrived);
  if (isAttended(known)) {
    markRead(known);
    return;
  }
  if (known.unread.value === 0) known.unreadAfter.value = known.readSeq.value;
  known.unread.value += 1;
  if (isForMe(known, arrived)) known.mentions.value += 1;
}

/**
 * @param {Room} known
 * @param {Message} arrived
 */
async function scheduleNotification(known, arrived) {
  try {
    const notifications = await import("./notifications.js");
    notifications.scheduleNotification(known, arrived);
  } catch {
    // The server is unreachable, so the module cannot be loaded.
  }
}

/**
 * @param {Room} known
 * @param {Message} arrived
 */
function handleSystemEvent(known, { event, author }) {
  const type = event?.type;
  if (type === "joined") memberJoined(known, author);
  else if (type === "left") memberLeft(known, author);
  else if (type === "kicked" || type === "banned") reloadMembers(known);
}

/** @param {FrameOf<"ack">} frame */
function ack(frame) {
  confirmMessage(frame.key, frame.seq);
}

/** @param {FrameOf<"synced">} frame */
function synced(frame) {
  const known = rooms.value.get(frame.room_id);
  if (!known) return;
  if (!known.timeline.endSync(frame.head)) syncRoom(known);
  // All changes since are here; messages still missing at the end were never requested.
  if (known.timeline.hasGapAtEnd) {
    known.timeline.hasAfter = true;
    void loadAfter(known);
  }
  known.touch();
}

/** @param {FrameOf<"behind">} frame */
async function behind(frame) {
  const known = rooms.value.get(frame.room_id);
  if (!known) return;
  if (known !== currentRoom.value) {
    // The room is not shown: its next visit loads a page, which is less than all missed messages.
    known.timeline.dropSync();
    known.timeline.forget();
    known.loading.value = "idle";
    known.timeline.updateHead(frame.head);
    known.timeline.caughtUpTo(frame.head.rev);
    return;
  }
  // If the module cannot be loaded, the server is unreachable, and the next connection requests the changes.
  const caughtUp = await import("./catch-up.js").then(
    ({ catchUp }) => catchUp(known, frame.from_rev),
    () => false,
  );
  if (caughtUp && rooms.value.get(known.id) === known) syncRoom(known);
}

/** @param {FrameOf<"presence">} frame */
function presence(frame) {
  const known = rooms.value.get(frame.room_id);
  if (!known) return;
  const online = new Map(known.online.value);
  for (const person of frame.online ?? []) {
    online.set(person.id, person);
    if (person.display_name) rememberUser(person);
  }
  for (const { id } of frame.offline ?? []) online.delete(id);
  known.online.value = online;
  known.onlineCount.value = frame.online_count ?? online.size;
  applyPresence(known, frame);
}

/** @param {FrameOf<"read">} frame */
function read(frame) {
  const known = rooms.value.get(frame.room_id);
  if (!known) return;
  const forced = (frame.read_generation ?? 0) > known.readGeneration;
  if (forced && frame.unread > 0) keepUnread(known, frame.read_seq);
  // A local receipt that is still to be sent is newer than this frame, unless the frame reports a forced move.
  if (forced || !hasPendingReceipt(known)) known.receipt(frame, true);
}

/** @param {FrameOf<"room">} frame */
function room(frame) {
  const isNew = !rooms.value.has(frame.room.id);
  const known = upsertRoom(frame.room);
  if (isNew || !frame.room.head) return;
  if (known.timeline.updateHead(frame.room.head) && !known.timeline.syncing) syncRoom(known);
}

/** @param {FrameOf<"room_left">} frame */
function roomLeft(frame) {
  removeRoom(frame.room_id);
  outbox.value?.failRoom(frame.room_id, t("pending.no-room"));
}

/** @param {FrameOf<"error">} frame */
function error(frame) {
  if (frame.code === "epoch_changed") {
    resetHistory();
    roomsLoaded.value = false;
    epoch = null;
    // The next `ready` contains the complete state.
    liveSocket.stop();
    liveSocket.start();
    return;
  }
  if (frame.key) outbox.value?.refused(frame.key, frame);
}
