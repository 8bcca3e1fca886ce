// Slash commands of the composer.

import { commandOf, nearestCommand } from "../lib/command-line.js";
import { t } from "../lib/i18n.js";
import { roomPath } from "../lib/routes.js";
import { showProblem } from "./toast.js";
import { ensureDirectRoom, changeRoom } from "./room-actions.js";
import { navigate } from "./router.js";
import { sendMessage } from "./sending.js";
import { openDialog, people, rooms } from "./state.js";

/**
 * Commands by name, in the order of the suggestions. `takes` is a key of the catalogue. `/me` is sent as text.
 * @type {Command[]}
 */
export const COMMANDS = [
  { name: "me", takes: "command.text", about: "command.me" },
  { name: "msg", takes: "command.user-text", about: "command.msg", run: sendDirectMessage },
  { name: "topic", takes: "command.text", about: "command.topic", run: (room, topic) => changeRoom(room, { topic }) },
  { name: "invite", about: "command.invite", run: (room) => openDialog("room", { roomId: room.id }) },
  { name: "who", about: "command.who", run: (room) => openDialog("members", { roomId: room.id }) },
  { name: "help", about: "command.help", run: () => openDialog("keyboard") },
];

/** Maximum length of a quoted unknown command. */
const MAX_SHOWN = 32;

/**
 * Sends a direct message: `/msg @ada hello`.
 * @param {Room} _
 * @param {string} rest
 */
async function sendDirectMessage(_, rest) {
  const [, name, text] = /^@?(\S+)\s*([\s\S]*)$/u.exec(rest) ?? [];
  if (!name) throw new Error(t("command.usage", { name: "msg", takes: t("command.user-text") }));
  const person = [...people.value.values()].find(({ username }) => username.toLowerCase() === name.toLowerCase());
  if (!person) throw new Error(t("command.nobody", { name }));
  const id = await ensureDirectRoom([person.id]);
  const room = rooms.value.get(id);
  const saved = text && room ? sendMessage(room, text) : true;
  navigate(roomPath(id));
  return saved;
}

/**
 * Executes a line. Returns true if it succeeded and false if it failed, after showing why. An unknown
 * command is refused rather than published: the result is `{text, nearest}`, the reason and the most
 * similar command, or null.
 * @param {Room} room
 * @param {string} line
 * @returns {Promise<boolean | Refusal>}
 */
export async function execute(room, line, { withFiles = false } = {}) {
  const { name, rest } = commandOf(line) ?? { name: "", rest: "" };
  const command = COMMANDS.find((known) => known.name === name);
  const shown = name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name;
  if (!command?.run)
    return {
      text: t("command.unknown", { name: shown }),
      nearest: nearestCommand(
        name,
        COMMANDS.map((known) => known.name),
      ),
    };
  if (withFiles) return { text: t("command.no-files", { name }), nearest: null };
  try {
    return (await command.run(room, rest)) !== false;
  } catch (problem) {
    showProblem(problem);
    return false;
  }
}
