// Keyboard shortcuts. Global ones are handled here, and all are listed for the help.
// Loaded with the first key press.

import { roomPath } from "../lib/routes.js";
import { navigate } from "./router.js";
import { closeDialog, currentRoom, dialog, openDialog, roomList, session } from "./state.js";

const isMac = /Mac|iPhone|iPad/u.test(navigator.platform);

/**
 * Shortcuts for the help, in groups: each key by its name in the catalogue (`keys.ctrl`) or as printed.
 * `Mod` is Ctrl, and ⌘ on a Mac. `label` is a key of the catalogue.
 * @type {Shortcut[]}
 */
export const SHORTCUTS = [
  { group: "shortcuts.anywhere", keys: ["Mod", "K"], label: "shortcuts.switcher", run: () => toggleDialog("switcher") },
  {
    group: "shortcuts.anywhere",
    keys: ["Alt", "ArrowUp"],
    label: "shortcuts.room-above",
    run: () => openNextRoom(-1, anyRoom),
  },
  {
    group: "shortcuts.anywhere",
    keys: ["Alt", "ArrowDown"],
    label: "shortcuts.room-below",
    run: () => openNextRoom(1, anyRoom),
  },
  {
    group: "shortcuts.anywhere",
    keys: ["Alt", "Shift", "ArrowUp"],
    label: "shortcuts.unread-above",
    run: () => openNextRoom(-1, hasUnread),
  },
  {
    group: "shortcuts.anywhere",
    keys: ["Alt", "Shift", "ArrowDown"],
    label: "shortcuts.unread-below",
    run: () => openNextRoom(1, hasUnread),
  },
  { group: "shortcuts.anywhere", keys: ["Escape"], label: "shortcuts.escape", run: focusComposer },
  { group: "shortcuts.anywhere", keys: ["Mod", "/"], label: "shortcuts.help", run: () => toggleDialog("keyboard") },
  { group: "shortcuts.writing", keys: ["Enter"], label: "shortcuts.send" },
  { group: "shortcuts.writing", keys: ["Shift", "Enter"], label: "shortcuts.new-line" },
  { group: "shortcuts.writing", keys: ["ArrowUp"], label: "shortcuts.edit-last" },
  { group: "shortcuts.message", keys: ["R"], label: "shortcuts.reply" },
  { group: "shortcuts.message", keys: ["E"], label: "shortcuts.edit" },
  { group: "shortcuts.message", keys: ["+"], label: "shortcuts.react" },
  { group: "shortcuts.message", keys: ["D"], label: "shortcuts.delete" },
];

/** @type {Record<string, string>} */
const NAMES = {
  Alt: isMac ? "⌥" : "keys.alt",
  ArrowDown: "↓",
  ArrowUp: "↑",
  Enter: "keys.enter",
  Escape: "keys.escape",
  Mod: isMac ? "⌘" : "keys.ctrl",
  Shift: isMac ? "⇧" : "keys.shift",
};

/**
 * Name of a key on this system: a key of the catalogue, or the printed label.
 * @param {string} key
 */
export const nameOfKey = (key) => NAMES[key] ?? key;

const anyRoom = () => true;
/** @param {Room} room */
const hasUnread = (room) => room.unread.value > 0;

/** @param {string} name */
function toggleDialog(name) {
  if (dialog.value?.name === name) closeDialog();
  else openDialog(name);
}

/**
 * Opens the next room for which `wanted` is true, after the open one, circularly.
 * @param {1 | -1} direction
 * @param {(room: Room) => boolean} wanted
 */
function openNextRoom(direction, wanted) {
  const list = roomList.value;
  const at = list.findIndex((room) => room === currentRoom.value);
  const from = at === -1 && direction === -1 ? 0 : at;
  for (let count = 1; count <= list.length; count += 1) {
    const room = list[(from + direction * count + 2 * list.length) % list.length];
    if (room !== currentRoom.value && wanted(room)) return navigate(roomPath(room.id));
  }
  return undefined;
}

function focusComposer() {
  document.getElementById("composer")?.focus();
}

/**
 * Whether a key is pressed with exactly these modifiers.
 * @param {string[]} keys
 * @param {KeyboardEvent} event
 */
function matches(keys, event) {
  const key = keys[keys.length - 1];
  const mod = isMac ? event.metaKey : event.ctrlKey;
  const other = isMac ? event.ctrlKey : event.metaKey;
  if (other || mod !== keys.includes("Mod") || event.altKey !== keys.includes("Alt")) return false;
  // On some keyboards "/" is itself reached by Shift.
  if (key !== "/" && event.shiftKey !== keys.includes("Shift")) return false;
  return event.key.toLowerCase() === key.toLowerCase();
}

/**
 * In a dialog, only shortcuts for dialogs work. The browser handles `Escape`.
 * @param {string[]} keys
 */
const allowed = (keys) => dialog.value === null || keys.includes("Mod");

/**
 * Runs the action of a pressed key.
 * @param {KeyboardEvent} event
 */
export function handleKey(event) {
  if (event.defaultPrevented || event.isComposing || session.value.phase !== "in") return;
  const found = SHORTCUTS.find(({ keys, run }) => run && matches(keys, event));
  if (!found || !allowed(found.keys)) return;
  event.preventDefault();
  found.run?.();
}
