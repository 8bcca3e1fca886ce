// Members of rooms, their presence and their names.

import { get } from "./api.js";
import { people } from "./state.js";

const PAGE = 200;
const MAX_PAGES = 5;
/** In larger rooms the server lists only a part of the online users. */
const SMALL_ROOM = 200;
const RELOAD_DELAY_MS = 800;

/**
 * Stores the current name and picture of a user.
 * @param {Partial<User> & { id: number }} user
 */
export function rememberUser({ id, username, display_name: displayName = "", avatar = null }) {
  if (!username) return;
  const known = people.value.get(id);
  if (known && known.username === username && known.display_name === displayName && known.avatar === avatar) return;
  people.value = new Map(people.value).set(id, { id, username, display_name: displayName, avatar });
}

/** @param {Room} room */
export async function loadMembers(room) {
  /** @type {Map<number, Member>} */
  const members = new Map();
  /** @type {number | null} */
  let after = null;
  let more = true;
  for (let page = 0; more && page < MAX_PAGES; page += 1) {
    const query = new URLSearchParams(/** @type {Query} */ ({ limit: PAGE, ...(after === null ? {} : { after }) }));
    /** @type {{ items: Member[]; has_after: boolean }} */
    const answer = await get(`/api/rooms/${room.id}/members?${query}`);
    for (const member of answer.items) members.set(member.user.id, member);
    more = answer.has_after;
    after = answer.items.at(-1)?.user.id ?? null;
  }
  if (members.size <= SMALL_ROOM && room.online.value.size > 0) {
    for (const [id, member] of members) {
      const status = room.online.value.has(id) ? "online" : "offline";
      members.set(id, { ...member, user: { ...member.user, status } });
    }
  }
  for (const { user } of members.values()) rememberUser(user);
  room.members.value = members;
  room.membersMore.value = more;
  if (!more) room.update({ member_count: members.size });
}

/** @type {Map<Room, number>} */
const reloads = new Map();

/**
 * Reloads the members after a delay, once for all changes until then.
 * @param {Room} room
 */
export function reloadMembers(room) {
  if (reloads.has(room)) return;
  const reload = () => {
    reloads.delete(room);
    loadMembers(room).catch(() => {});
  };
  reloads.set(room, setTimeout(reload, RELOAD_DELAY_MS));
}

/**
 * @param {Room} room
 * @param {User | null} author
 */
export function memberJoined(room, author) {
  room.update({ member_count: room.info.value.member_count + 1 });
  if (author) rememberUser(author);
  if (room.members.value) reloadMembers(room);
}

/**
 * @param {Room} room
 * @param {User | null} author
 */
export function memberLeft(room, author) {
  room.update({ member_count: Math.max(0, room.info.value.member_count - 1) });
  if (!room.members.value || !author) return;
  const members = new Map(room.members.value);
  members.delete(author.id);
  room.members.value = members;
}

/**
 * Applies a presence frame to the member list.
 * @param {Room} room
 * @param {{ online?: OnlineUser[]; offline?: OnlineUser[] }} frame
 */
export function applyPresence(room, { online = [], offline = [] }) {
  if (!room.members.value) return;
  const members = new Map(room.members.value);
  /**
   * @param {number} id
   * @param {Partial<Profile>} user
   */
  const change = (id, user) => {
    const member = members.get(id);
    if (member) members.set(id, { ...member, user: { ...member.user, ...user } });
    else reloadMembers(room);
  };
  for (const { id } of online) change(id, { status: "online" });
  for (const { id, last_seen: lastSeen } of offline)
    change(id, { status: "offline", ...(lastSeen ? { last_seen: lastSeen } : {}) });
  room.members.value = members;
}
