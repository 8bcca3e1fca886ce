// The rooms of the user.

import { get } from "./api.js";
import { Room } from "./room.js";
import { roomList, rooms, roomsLoaded } from "./state.js";
import { read, write } from "./storage.js";

/**
 * Adds a room or updates it.
 * @param {RoomItem} item
 */
export function upsertRoom(item) {
  const known = rooms.value.get(item.id);
  if (known) {
    known.update(item);
    return known;
  }
  const room = new Room(item);
  if (item.head) room.timeline.updateHead(item.head);
  rooms.value = new Map(rooms.value).set(room.id, room);
  return room;
}

/**
 * Removes a room that the user has left.
 * @param {number} roomId
 */
export function removeRoom(roomId) {
  if (!rooms.value.has(roomId)) return;
  const left = new Map(rooms.value);
  left.delete(roomId);
  rooms.value = left;
}

/**
 * Removes rooms that the server no longer lists. Returns their ids.
 * @param {Set<number>} ids
 */
export function retainRooms(ids) {
  const gone = [...rooms.value.keys()].filter((id) => !ids.has(id));
  if (gone.length > 0) rooms.value = new Map([...rooms.value].filter(([id]) => ids.has(id)));
  return gone;
}

/** Loads the rooms over HTTP, if the socket has not sent them yet. */
export async function loadRooms() {
  for (const item of await get("/api/rooms")) upsertRoom(item);
  roomsLoaded.value = true;
}

/** The room that was open last. */
const LAST_ROOM = "parlor.last_room";

/**
 * Stores which room is open, for the next visit.
 * @param {Room} room
 */
export const rememberRoom = (room) => write(LAST_ROOM, room.id);

/**
 * Returns the room that was open last, else the first of the list, or undefined without rooms.
 * @returns {Room | undefined}
 */
export const lastRoom = () => rooms.value.get(read(LAST_ROOM)) ?? roomList.value[0];
