// Actions on rooms: create, join, change and leave. The dialogs that need it load it.

import { roomPath } from "../lib/routes.js";
import { anonymous, get, patch, post, remove } from "./api.js";
import { removeRoom, loadRooms } from "./rooms.js";
import { navigate } from "./router.js";
import { rooms, route } from "./state.js";

/**
 * @param {{ name: string; topic: string; kind: RoomKind }} room
 * @returns {Promise<RoomItem>}
 */
export async function createRoom({ name, topic, kind }) {
  const created = await post("/api/rooms", { name, kind, ...(topic ? { topic } : {}) });
  await openJoinedRoom(created.id);
  return created;
}

/** @param {string} code */
export const joinByCode = async (code) => openJoinedRoom((await post("/api/rooms/join", { code })).id);
/** @param {number} roomId */
export const joinPublic = async (roomId) => openJoinedRoom((await post("/api/rooms/join", { room_id: roomId })).id);
/**
 * Returns the room of a code, with or without a session.
 * @param {string} code
 * @returns {Promise<NonNullable<Invite["room"]>>}
 */
export const lookUpInvite = async (code) => (await anonymous("GET", `/api/invites/${encodeURIComponent(code)}`)).room;
/** @returns {Promise<RoomItem[]>} */
export const listPublicRooms = () => get("/api/rooms?discover=1");

/**
 * Returns the id of the direct room with these users, which is created on first use.
 * @param {number[]} userIds
 * @returns {Promise<number>}
 */
export async function ensureDirectRoom(userIds) {
  const { id } = await post("/api/dms", { user_ids: userIds });
  if (!rooms.value.has(id)) await loadRooms();
  return id;
}

/**
 * Opens a room that the user has just become a member of.
 * @param {number} roomId
 */
async function openJoinedRoom(roomId) {
  if (!rooms.value.has(roomId)) await loadRooms();
  navigate(roomPath(roomId));
  return roomId;
}

/**
 * Loads the details of a room. Owners and moderators also get its access code.
 * @param {Room} room
 */
export async function refreshRoom(room) {
  const item = await get(`/api/rooms/${room.id}`);
  room.update(item);
  return item;
}

/**
 * @param {Room} room
 * @param {Partial<RoomInfo>} change
 */
export async function changeRoom(room, change) {
  const item = await patch(`/api/rooms/${room.id}`, change);
  room.update({ ...change, ...item });
}

/**
 * Sets which messages of the room the user is notified of: `all`, `mentions` or `none`.
 * @param {Room} room
 * @param {NotificationLevel} notify
 */
export async function setNotificationLevel(room, notify) {
  await patch(`/api/rooms/${room.id}/members/me`, { notify });
  room.update({ notify });
}

/** @param {Room} room */
export async function replaceCode(room) {
  const { access_code } = await post(`/api/rooms/${room.id}/access_code`);
  room.update({ access_code });
}

/** @param {Room} room */
export async function leaveRoom(room) {
  await remove(`/api/rooms/${room.id}/members/me`);
  forgetRoom(room.id);
}

/** @param {Room} room */
export async function deleteRoom(room) {
  await remove(`/api/rooms/${room.id}`);
  forgetRoom(room.id);
}

/** @param {number} roomId */
function forgetRoom(roomId) {
  if (route.value.roomId === roomId) navigate("/", { replace: true });
  removeRoom(roomId);
}
