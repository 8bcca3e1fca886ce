// Handlers of the server's frames.

import { batch } from "@preact/signals";
import { t } from "../lib/i18n.js";
import { heard, notify } from "./announce.js";
import { keepWindow, loadAfter, open } from "./history.js";
import { memberJoined, memberLeft, noteMembersSeen, notePerson, reloadMembers } from "./members.js";
import { attended, forgetReading, isUntold, keepUnread, markRead, tellLater } from "./reading.js";
import { dropRoom, keepRooms, meetRoom } from "./rooms.js";
import { landMessage, outbox } from "./sending.js";
import { endSession } from "./session.js";
import { attach, liveSocket } from "./socket.js";
import { bodyLimit, currentRoom, dialog, isForMe, me, people, rooms, roomsKnown, route, session } from "./state.js";
import { forgetTyping, heardTyping, stopTyping } from "./typing.js";

const handlers = {
  ready,
  message,
  ack,
  synced,
  behind,
  presence,
  typing: heardTyping,
  typing_stopped: (frame) => stopTyping(frame.room_id, frame.user_id),
  read,
  room,
  room_left: roomLeft,
  error,
};

attach({
  onFrame: (frame) => batch(() => handlers[frame.type]?.(frame)),
  onPhase: (phase) => {
    if (phase === "ready") return;
    forgetTyping();
    outbox.value?.disconnected();
    for (const known of rooms.value.values()) known.timeline.dropSync();
  },
  onEnded: () => endSession(),
});

/** Which database the server has; null before the first `ready`. */
let epoch = null;

/**
 * The server has another history than before, because a backup was restored: its numbers mean other messages now.
 * Everything known of it is dropped. The outbox stays.
 */
function startAnew() {
  forgetReading();
  rooms.value = new Map();
  people.value = new Map();
  dialog.value = null;
  outbox.value?.forgetNumbers();
  notify(t("epoch.changed"));
}

function ready(frame) {
  if (frame.user) session.value = { ...session.value, user: { ...session.value.user, ...frame.user } };
  if (frame.limits?.body_chars) bodyLimit.value = frame.limits.body_chars;
  for (const id of keepRooms(new Set(frame.rooms.map(({ id }) => id))))
    outbox.value?.failRoom(id, t("pending.no-room"));
  if (epoch !== null && frame.epoch !== epoch) startAnew();
  epoch = frame.epoch;
  const missed = {};
  for (const item of frame.rooms) {
    const known = meetRoom(item);
    if (item.read_generation > known.readGeneration && item.unread > 0) keepUnread(known, item.read_seq);
    if (known.receipt(item)) tellLater(known);
    if (known.timeline.meetHead(item.head)) {
      if (known.timeline.loaded || known.timeline.loading) missed[item.id] = known.timeline.rev;
      else known.timeline.caughtUpTo(item.head.rev);
    } else if (known.timeline.isAheadOf(item.head)) {
      // Something came meanwhile, or a backup was restored and nobody said so: the server knows which.
      missed[item.id] = known.timeline.rev;
    }
    if (known.members.value || known === currentRoom.value) reloadMembers(known);
  }
  roomsKnown.value = true;
  // The room on the screen could not be loaded while the server was away.
  if (currentRoom.value?.loading.value instanceof Error) void open(currentRoom.value, route.value.seq);
  sync(missed);
  outbox.value?.connected();
  // Another device may have blocked somebody meanwhile; what cannot be had now comes with the next connection.
  void import("./blocks.js").then(({ loadBlocks }) => loadBlocks()).catch(() => {});
}

/** Asks for everything that changed since these revs: `{"1": 520}`. */
function sync(revs) {
  if (Object.keys(revs).length === 0) return;
  for (const id of Object.keys(revs)) rooms.value.get(Number(id))?.timeline.startSync();
  liveSocket.send({ type: "sync", rooms: revs });
}

const syncRoom = (known) => sync({ [known.id]: known.timeline.rev });

function message(frame) {
  const known = rooms.value.get(frame.room_id);
  if (!known) return;
  const { message: arrived } = frame;
  const isNew = arrived.seq > known.timeline.headSeq;
  const verdict = known.timeline.receive(arrived);
  if (verdict === "gap") syncRoom(known);
  if (arrived.key && arrived.author?.id === me.value?.id) landMessage(arrived.key, arrived.seq);
  if (isNew) noteNew(known, arrived);
  if (isNew && arrived.author) stopTyping(known.id, arrived.author.id);
  if (arrived.author && arrived.kind !== "system") notePerson(arrived.author);
  keepWindow(known);
  known.touch();
}

function noteNew(known, arrived) {
  if (arrived.kind === "system") {
    systemEvent(known, arrived);
    if (attended(known)) markRead(known);
    return;
  }
  if (arrived.author?.id === me.value?.id) {
    known.readSeq.value = Math.max(known.readSeq.value, arrived.seq);
    known.unread.value = 0;
    known.mentions.value = 0;
    known.dividerAfter.value = null;
    return;
  }
  heard(known, arrived, !known.timeline.syncing);
  if (attended(known)) {
    markRead(known);
    return;
  }
  if (known.unread.value === 0) known.dividerAfter.value = known.readSeq.value;
  known.unread.value += 1;
  if (isForMe(known, arrived)) known.mentions.value += 1;
}

function systemEvent(known, { event, author }) {
  const type = event?.type;
  if (type === "joined") memberJoined(known, author);
  else if (type === "left") memberLeft(known, author);
  else if (type === "kicked" || type === "banned") reloadMembers(known);
}

function ack(frame) {
  landMessage(frame.key, frame.seq);
}

function synced(frame) {
  const known = rooms.value.get(frame.room_id);
  if (!known) return;
  if (!known.timeline.endSync(frame.head)) syncRoom(known);
  // All changes since are here; messages still missing at the end were never requested.
  if (known.timeline.torn) {
    known.timeline.hasAfter = true;
    void loadAfter(known);
  }
  known.touch();
}

async function behind(frame) {
  const known = rooms.value.get(frame.room_id);
  if (!known) return;
  if (known !== currentRoom.value) {
    // The room is not shown: its next visit loads a page, which is less than all missed messages.
    known.timeline.dropSync();
    known.timeline.forget();
    known.loading.value = "idle";
    known.timeline.meetHead(frame.head);
    known.timeline.caughtUpTo(frame.head.rev);
    return;
  }
  // Where it cannot be fetched, the server is away, and asked again with the next connection.
  const caughtUp = await import("./catch-up.js").then(
    ({ catchUp }) => catchUp(known, frame.from_rev),
    () => false,
  );
  if (caughtUp && rooms.value.get(known.id) === known) syncRoom(known);
}

function presence(frame) {
  const known = rooms.value.get(frame.room_id);
  if (!known) return;
  const online = new Map(known.online.value);
  for (const person of frame.online ?? []) {
    online.set(person.id, person);
    if (person.display_name) notePerson(person);
  }
  for (const { id } of frame.offline ?? []) online.delete(id);
  known.online.value = online;
  known.onlineCount.value = frame.online_count ?? online.size;
  noteMembersSeen(known, frame);
}

function read(frame) {
  const known = rooms.value.get(frame.room_id);
  if (!known) return;
  const forced = (frame.read_generation ?? 0) > known.readGeneration;
  if (forced && frame.unread > 0) keepUnread(known, frame.read_seq);
  // A local receipt that is still to be sent is newer than this frame, unless the frame reports a forced move.
  if (forced || !isUntold(known)) known.receipt(frame, true);
}

function room(frame) {
  const isNew = !rooms.value.has(frame.room.id);
  const known = meetRoom(frame.room);
  if (isNew || !frame.room.head) return;
  if (known.timeline.meetHead(frame.room.head) && !known.timeline.syncing) syncRoom(known);
}

function roomLeft(frame) {
  dropRoom(frame.room_id);
  outbox.value?.failRoom(frame.room_id, t("pending.no-room"));
}

function error(frame) {
  if (frame.code === "epoch_changed") {
    startAnew();
    roomsKnown.value = false;
    epoch = null;
    // The next `ready` tells everything.
    liveSocket.stop();
    liveSocket.start();
    return;
  }
  if (frame.key) outbox.value?.refused(frame.key, frame);
}
