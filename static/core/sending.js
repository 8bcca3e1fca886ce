// The outbox of this tab: on disk before it is on the wire.

import { Outbox } from "../lib/outbox.js";
import { claim } from "./lock.js";
import { liveSocket } from "./socket.js";
import { lay, shelves } from "./shelf.js";
import { randomName } from "./storage.js";
import { connection, me, outgoing, rooms } from "./state.js";

const TAB = "parlor.tab";
/** Sent, and no answer: the connection is looked at more closely. */
const SILENCE_MS = 8_000;
const DISK_MS = 1_000;

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

/** Promise of the last save to the outbox. Messages are sent after it. */
let laid = Promise.resolve();
/** For each message that was written and has no `ack` yet: called when the server has it. */
const awaited = new Map();
/** Settles when the outbox of whoever is here is open. */
let opening = Promise.resolve();

/** The shelves of a user. */
const shelfOf = (userId) => `${userId}.`;

/** Opens the outbox of `userId`: what this tab had not sent, and what closed tabs left behind. */
export function openOutbox(userId) {
  opening = opened(userId);
}

async function opened(userId) {
  tabName ??= nameTab();
  const own = shelfOf(userId) + (await tabName);
  const found = await shelves(shelfOf(userId));
  const entries = found.get(own) ?? [];
  const taken = [];
  for (const [name, left] of found) {
    if (name === own || !(await claim(`${TAB}.${name.slice(shelfOf(userId).length)}`))) continue;
    entries.push(...left);
    taken.push(name);
  }
  // The user may have signed out meanwhile.
  if (me.value?.id !== userId) return;
  entries.sort((a, b) => a.at - b.at);
  if (taken.length > 0) await lay(own, entries);
  for (const name of taken) void lay(name, []);
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

/** Forgets what `userId` had not sent. */
export async function emptyOutbox(userId) {
  for (const name of (await shelves(shelfOf(userId))).keys()) await lay(name, []);
}

function keep(own, entries) {
  if (entries === outgoing.value) return;
  outgoing.value = entries;
  laid = lay(own, entries);
}

/** On disk before it is on the wire; a disk that gives no answer is not waited for for ever. Says nothing about the outcome. */
const laidOrLate = () => Promise.race([laid, new Promise((resolve) => setTimeout(resolve, DISK_MS))]);

async function send(entry) {
  const frame = { type: "send", key: entry.key, room_id: entry.roomId, body: entry.body };
  if (entry.quote) frame.reply_to = entry.quote.seq;
  if (entry.files?.length > 0) frame.files = entry.files.map(({ id }) => id);
  await laidOrLate();
  // Without a connection it stays where it is, and is sent with the next one.
  liveSocket.send(frame);
  setTimeout(() => {
    const still = outbox.value?.entries.find(({ key, state }) => key === entry.key && state === "sending");
    if (still) liveSocket.suspect();
  }, SILENCE_MS);
}

/**
 * Queues a message that says something, with the files that were brought for it; resolves to whether it is saved:
 * on this machine's disk, however long that takes, or on the server's. It is not where nobody is signed in any more.
 */
export async function post(room, body, { replyTo = null, files = [] } = {}) {
  if (!outbox.value) await opening;
  if (!outbox.value) return false;
  room.dividerAfter.value = null;
  const quote = replyTo && {
    seq: replyTo.seq,
    author: replyTo.author,
    body: replyTo.body.slice(0, 140),
    deleted: false,
  };
  const key = randomName();
  outbox.value.add({ key, roomId: room.id, body, ...(quote ? { quote } : {}), ...(files.length > 0 ? { files } : {}) });
  const acked = new Promise((resolve) => awaited.set(key, resolve));
  // Where nothing outlives the page, only the server's answer saves it.
  const isSaved = await Promise.race([laid.then((isKept) => isKept || acked), acked]);
  awaited.delete(key);
  return isSaved;
}

/** The message with this key is on the server's disk as number `seq`. */
export function landMessage(key, seq) {
  awaited.get(key)?.(true);
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
