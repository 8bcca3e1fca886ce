// Outbox of this tab. Messages are stored before they are sent.

import { Outbox } from "../lib/outbox.js";
import { holdLock } from "./lock.js";
import { liveSocket } from "./socket.js";
import { save, loadAll } from "./outbox-store.js";
import { randomId } from "./storage.js";
import { connection, me, outgoing, rooms } from "./state.js";

const TAB = "parlor.tab";
/** Time without an ack after which the connection is tested. */
const ACK_TIMEOUT_MS = 8_000;
const SAVE_TIMEOUT_MS = 1_000;

/** @type {{ value: Outbox | null }} */
export const outbox = { value: null };

/** Returns a unique id for this tab that survives a reload. */
async function claimTabId() {
  let kept = null;
  try {
    kept = sessionStorage.getItem(TAB);
  } catch {
    // The tab gets a new id.
  }
  // A duplicated tab has the id of the original, which holds its lock.
  if (kept && (await holdLock(`${TAB}.${kept}`, { patience: 1_000 }))) return kept;
  const name = randomId();
  await holdLock(`${TAB}.${name}`);
  try {
    sessionStorage.setItem(TAB, name);
  } catch {
    // The id is kept in memory.
  }
  return name;
}

/** @type {Promise<string> | null} */
let tabId = null;

/**
 * Promise of the last save to the outbox. Messages are sent after it.
 * @type {Promise<boolean>}
 */
let lastSave = Promise.resolve(true);
/**
 * Callbacks for messages without an `ack`, by key.
 * @type {Map<string, (isSaved: boolean) => void>}
 */
const pendingAcks = new Map();
/**
 * Settles when the outbox of the signed-in user is open.
 * @type {Promise<void>}
 */
let opening = Promise.resolve();

/**
 * Prefix of the names of a user's outboxes.
 * @param {number} userId
 */
const outboxPrefix = (userId) => `${userId}.`;

/**
 * Opens the outbox of `userId` with unsent messages of this tab and of closed tabs.
 * @param {number} userId
 */
export function openOutbox(userId) {
  opening = loadOutbox(userId);
}

/** @param {number} userId */
async function loadOutbox(userId) {
  tabId ??= claimTabId();
  const own = outboxPrefix(userId) + (await tabId);
  const found = await loadAll(outboxPrefix(userId));
  const entries = found.get(own) ?? [];
  /** @type {string[]} */
  const taken = [];
  for (const [name, left] of found) {
    if (name === own || !(await holdLock(`${TAB}.${name.slice(outboxPrefix(userId).length)}`))) continue;
    entries.push(...left);
    taken.push(name);
  }
  // The user may have signed out meanwhile.
  if (me.value?.id !== userId) return;
  entries.sort((a, b) => a.at - b.at);
  if (taken.length > 0) await save(own, entries);
  for (const name of taken) void save(name, []);
  const box = new Outbox({ entries, send, changed: (changed) => storeEntries(own, changed) });
  outgoing.value = box.entries;
  outbox.value = box;
  if (connection.value.phase === "ready") box.connected();
}

export function closeOutbox() {
  outbox.value?.disconnected();
  outbox.value = null;
  outgoing.value = [];
}

/**
 * Deletes the unsent messages of `userId`.
 * @param {number} userId
 */
export async function deleteOutbox(userId) {
  for (const name of (await loadAll(outboxPrefix(userId))).keys()) await save(name, []);
}

/**
 * @param {string} own
 * @param {OutboxEntry[]} entries
 */
function storeEntries(own, entries) {
  if (entries === outgoing.value) return;
  outgoing.value = entries;
  lastSave = save(own, entries);
}

/** Waits until the entries are stored, for a limited time. The result does not matter. */
const savedOrTimedOut = () => Promise.race([lastSave, new Promise((resolve) => setTimeout(resolve, SAVE_TIMEOUT_MS))]);

/** @param {OutboxEntry} entry */
async function send(entry) {
  /** @type {Record<string, unknown>} */
  const frame = { type: "send", key: entry.key, room_id: entry.roomId, body: entry.body };
  if (entry.quote) frame.reply_to = entry.quote.seq;
  if (entry.files) frame.files = entry.files.map(({ id }) => id);
  await savedOrTimedOut();
  // Without a connection the entry stays in the outbox and is sent with the next one.
  liveSocket.send(frame);
  setTimeout(() => {
    const still = outbox.value?.entries.find(({ key, state }) => key === entry.key && state === "sending");
    if (still) liveSocket.probe();
  }, ACK_TIMEOUT_MS);
}

/**
 * Queues a message with its files. Resolves to whether it is saved,
 * on this device or on the server. Resolves to false if no user is signed in.
 * @param {Room} room
 * @param {string} body
 * @param {{ replyTo?: Message | null; files?: FileInfo[] }} [options]
 * @returns {Promise<boolean>}
 */
export async function sendMessage(room, body, { replyTo = null, files = [] } = {}) {
  if (!outbox.value) await opening;
  if (!outbox.value) return false;
  room.unreadAfter.value = null;
  const quote = replyTo && {
    seq: replyTo.seq,
    author: replyTo.author,
    body: replyTo.body.slice(0, 140),
    deleted: false,
  };
  const key = randomId();
  outbox.value.add({ key, roomId: room.id, body, ...(quote ? { quote } : {}), ...(files.length > 0 ? { files } : {}) });
  /** @type {Promise<boolean>} */
  const acked = new Promise((resolve) => pendingAcks.set(key, resolve));
  // If nothing can be stored here, only the server's ack saves it.
  const isSaved = await Promise.race([lastSave.then((isKept) => isKept || acked), acked]);
  pendingAcks.delete(key);
  return isSaved;
}

/**
 * Handles the ack of a message, which is on the server's disk as number `seq`.
 * @param {string} key
 * @param {number} seq
 */
export function confirmMessage(key, seq) {
  pendingAcks.get(key)?.(true);
  const entry = outbox.value?.acked(key);
  const room = entry && rooms.value.get(entry.roomId);
  if (!room) return;
  // It is shown from here until it is in the timeline, so that it does not disappear in between.
  room.confirmed.value = [...room.confirmed.value, { ...entry, state: "sent", seq }];
  room.touch();
}

/**
 * Sends a failed message again, under its key.
 * @param {string} key
 */
export const retryMessage = (key) => outbox.value?.retry(key);

/**
 * Discards an unsent message.
 * @param {string} key
 */
export const discardMessage = (key) => outbox.value?.discard(key);
