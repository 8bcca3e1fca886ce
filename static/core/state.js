// State of the page, as signals. Only modules of this folder assign to them; components call actions.

import { computed, signal } from "@preact/signals";
import { parseRoute } from "../lib/routes.js";

/**
 * `{phase: "starting" | "out" | "in" | "unreachable", user, sessionId, notice}`
 * @type {Signal<Session>}
 */
export const session = signal({ phase: "starting", user: null, sessionId: null, notice: null });
/** @type {Computed<Profile | null>} */
export const me = computed(() => session.value.user);

/**
 * Answer of `GET /api/server`, or null.
 * @type {Signal<ServerInfo | null>}
 */
export const server = signal(null);
export const bodyLimit = signal(4000);

/**
 * `{phase, retryAt, since}`: see `Connection`. `since` is when it was last ready, or null.
 * @type {Signal<ConnectionState>}
 */
export const connection = signal({ phase: "idle", retryAt: null, since: null });

/**
 * The user's rooms by id: `Map<number, Room>`. Replaced whenever a room comes or goes.
 * @type {Signal<Map<number, Room>>}
 */
export const rooms = signal(new Map());
/** Whether the rooms are known: the first `ready` has arrived. */
export const roomsLoaded = signal(false);

export const route = signal(parseRoute(location.pathname));

/** @type {Computed<Room | null>} */
export const currentRoom = computed(() =>
  route.value.name === "room" ? (rooms.value.get(route.value.roomId ?? 0) ?? null) : null,
);

export const roomList = computed(() =>
  [...rooms.value.values()].sort((a, b) => a.info.value.name.localeCompare(b.info.value.name) || a.id - b.id),
);

/** `{count, dot}`: the number of unread messages that notify, and whether there are any unread messages. */
export const unreadTotals = computed(() => {
  const marks = { count: 0, dot: false };
  for (const room of rooms.value.values()) {
    const { notify } = room.info.value;
    if (notify === "none") continue;
    marks.count += notify === "mentions" ? room.mentions.value : room.unread.value;
    marks.dot ||= room.unread.value > 0;
  }
  return marks;
});

/**
 * The latest known names: `Map<id, {id, username, display_name}>`. Replaced when one changes.
 * @type {Signal<Map<number | undefined, User>>}
 */
export const people = signal(new Map());

/**
 * Ids of blocked users, once loaded.
 * @type {Signal<Set<number | undefined>>}
 */
export const blocked = signal(new Set());

/**
 * Returns whether a message is addressed to the reader: a mention, a reply, a direct message or a room mention.
 * @param {Room} room
 * @param {Message} message
 */
export function isForMe({ info }, { author, mentions, mentions_room: all, quote }) {
  const id = me.value?.id;
  if (id === undefined || blocked.value.has(author?.id)) return false;
  return info.value.kind === "direct" || Boolean(all) || (mentions ?? []).includes(id) || quote?.author?.id === id;
}

/**
 * Entries of the outbox, in order of writing.
 * @type {Signal<OutboxEntry[]>}
 */
export const outgoing = signal([]);

/**
 * `{name, …}` of the open dialog, or null.
 * @type {Signal<OpenDialog | null>}
 */
export const dialog = signal(null);

/**
 * Opens a dialog and closes an open one. `details` are its parameters, such as `{roomId}`.
 * @param {string} name
 * @param {DialogDetails} details
 */
export function openDialog(name, details = {}) {
  dialog.value = { name, ...details };
}

export function closeDialog() {
  dialog.value = null;
}

/** Whether the member list is shown, if there is space for it. */
export const membersShown = signal(true);

export function toggleMembers() {
  membersShown.value = !membersShown.value;
}

/**
 * A media query as a signal.
 * @param {string} query
 */
function mediaQuery(query) {
  const list = matchMedia(query);
  const matches = signal(list.matches);
  list.addEventListener("change", () => (matches.value = list.matches));
  return matches;
}

/** Whether there is space for one pane only: the rooms, or one room. */
export const narrow = mediaQuery("(max-width: 719px)");
/** Whether there is space for the member list beside the room. */
export const wide = mediaQuery("(min-width: 1080px)");

/** Whether the page is visible and has the focus. */
export const pageActive = signal(true);

/** Current time, updated every half minute, for texts like "2 h ago". */
export const now = signal(Date.now());

export function updateNow() {
  now.value = Date.now();
}

/**
 * Function that loads a new version of the page; null if there is none.
 * @type {Signal<(() => void) | null>}
 */
export const newVersion = signal(null);

/** Clears the data of an account. */
export function clearAccountData() {
  rooms.value = new Map();
  people.value = new Map();
  blocked.value = new Set();
  roomsLoaded.value = false;
  closeDialog();
}
