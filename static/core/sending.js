// The outbox of this tab: on disk before it is on the wire.

import { Outbox } from "../lib/outbox.js";
import { trimBody } from "../lib/text.js";
import { claim } from "./lock.js";
import { liveSocket } from "./socket.js";
import { keysWith, randomName, read, remove, write } from "./storage.js";
import { connection, me, outgoing, rooms } from "./state.js";

const TAB = "parlor.tab";
/** Sent, and no answer: the connection is looked at more closely. */
const SILENCE_MS = 8_000;

export const outbox = { value: null };

/** A name for this tab that survives a reload and that no other tab has. */
async function nameTab() {
  let kept = null;
  try {
    kept = sessionStorage.getItem(TAB);
  } catch {
    // A nameless tab gets a new name.
  }
  // A tab that was duplicated has the name of the other one, whose claim stands.
  if (kept && (await claim(`${TAB}.${kept}`, { patience: 1_000 }))) return kept;
  const name = randomName();
  await claim(`${TAB}.${name}`);
  try {
    sessionStorage.setItem(TAB, name);
  } catch {
    // It is used for as long as the page lives.
  }
  return name;
}

let tabName = null;

/** Opens the outbox of `userId`: what this tab had not sent, and what closed tabs left behind. */
export async function openOutbox(userId) {
  tabName ??= nameTab();
  const prefix = `parlor.outbox.${userId}.`;
  const own = prefix + (await tabName);
  const entries = read(own, []);
  for (const key of keysWith(prefix)) {
    if (key === own || !(await claim(`${TAB}.${key.slice(prefix.length)}`))) continue;
    entries.push(...read(key, []));
    remove(key);
  }
  // Somebody may have signed out while the claims were made.
  if (me.value?.id !== userId) return;
  entries.sort((a, b) => a.at - b.at);
  if (entries.length > 0) write(own, entries);
  const box = new Outbox({ entries, send, changed: (changed) => keep(own, changed) });
  outgoing.value = box.entries;
  outbox.value = box;
  if (connection.value.phase === "ready") box.connected();
}

export function closeOutbox() {
  outbox.value?.disconnected();
  outbox.value = null;
  outgoing.value = [];
}

function keep(own, entries) {
  if (entries === outgoing.value) return;
  outgoing.value = entries;
  if (entries.length > 0) write(own, entries);
  else remove(own);
}

function send(entry) {
  const frame = { type: "send", key: entry.key, room_id: entry.roomId, body: entry.body };
  if (entry.quote) frame.reply_to = entry.quote.seq;
  if (entry.files?.length > 0) frame.files = entry.files.map(({ id }) => id);
  liveSocket.send(frame);
  setTimeout(() => {
    const still = outbox.value?.entries.find(({ key, state }) => key === entry.key && state === "sending");
    if (still) liveSocket.suspect();
  }, SILENCE_MS);
}

/** Queues a message, with the files that were brought for it; false when there is nothing to say. */
export function post(room, draft, { replyTo = null, files = [] } = {}) {
  const body = trimBody(draft);
  if ((body === "" && files.length === 0) || !outbox.value) return false;
  room.dividerAfter.value = null;
  const quote = replyTo && { seq: replyTo.seq, author: replyTo.author, body: replyTo.body.slice(0, 140), deleted: false };
  outbox.value.add({ key: randomName(), roomId: room.id, body, ...(quote ? { quote } : {}), ...(files.length > 0 ? { files } : {}) });
  return true;
}

/** The message with this key is on the server's disk as number `seq`. */
export function landMessage(key, seq) {
  const entry = outbox.value?.acked(key);
  const room = entry && rooms.value.get(entry.roomId);
  if (!room) return;
  // It is shown from here until the timeline has it, so that it never vanishes in between.
  room.landed.value = [...room.landed.value, { ...entry, state: "sent", seq }];
  room.touch();
}

/** Sends a failed message again, under its key. */
export const retryPending = (key) => outbox.value?.retry(key);

/** Gives a message up. */
export const discardPending = (key) => outbox.value?.discard(key);
