// What a line that begins with `/` does, other than being sent.

import { t } from "../lib/i18n.js";
import { roomPath } from "../lib/routes.js";
import { notify } from "./announce.js";
import { alone, changeRoom } from "./housekeeping.js";
import { navigate } from "./router.js";
import { post } from "./sending.js";
import { dialog, people, rooms } from "./state.js";

/** By name, in the order of the list that offers them; `takes` is a key of the catalogue. `/me` is sent as it is. */
export const COMMANDS = [
  { name: "me", takes: "command.text", about: "command.me" },
  { name: "msg", takes: "command.user-text", about: "command.msg", run: message },
  { name: "topic", takes: "command.text", about: "command.topic", run: (room, topic) => changeRoom(room, { topic }) },
  { name: "invite", about: "command.invite", run: (room) => open("room", room) },
  { name: "who", about: "command.who", run: (room) => open("members", room) },
  { name: "help", about: "command.help", run: () => open("keyboard") },
];

function open(name, room) {
  dialog.value = { name, ...(room ? { roomId: room.id } : {}) };
}

/** `/msg @ada hello`: says it to one person, in the room that both have for themselves. */
async function message(_, rest) {
  const [, name, text] = /^@?(\S+)\s*([\s\S]*)$/u.exec(rest) ?? [];
  const person = [...people.value.values()].find(({ username }) => username.toLowerCase() === name?.toLowerCase());
  if (!person) throw new Error(t("command.nobody", { name: name ?? "" }));
  const id = await alone([person.id]);
  if (text !== "") await post(rooms.value.get(id), text);
  navigate(roomPath(id));
}

/** Does what the line says; false when it could not be done, which is said. */
export async function obey(room, line) {
  const [, name, rest] = /^\/(\w+)\s*([\s\S]*)$/u.exec(line);
  try {
    await COMMANDS.find((command) => command.name === name).run(room, rest.trim());
    return true;
  } catch (problem) {
    notify(problem.message, "bad");
    return false;
  }
}
