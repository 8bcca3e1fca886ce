// Actions on the message under the pointer or the focus.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { showToast } from "../core/toast.js";
import { copyText } from "../core/clipboard.js";
import { markUnread, setPinned } from "../core/messages.js";
import { me, openDialog } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { messagePath } from "../lib/routes.js";
import { transcript } from "../lib/transcript.js";
import { Icon, IconButton } from "./icon.js";
import "./lazy-icons.js";
import { nameOf } from "./message-parts.js";

/**
 * Returns the actions that the reader may take on a message.
 * @param {Room} room
 * @param {Message} message
 * @returns {Record<string, boolean>}
 */
export function permissionsFor(room, message) {
  const text = message.kind === "text" && !message.deleted_at;
  const own = message.author?.id === me.value?.id;
  return {
    reply: text,
    react: text,
    edit: text && own,
    erase: text && (own || room.canModerate),
    pin: text && (room.canModerate || room.info.value.kind === "direct"),
    unread: !own,
    report: text && !own,
    copy: !message.deleted_at,
    link: true,
    versions: Boolean(message.edited_at),
  };
}

/**
 * Runs an action.
 * @param {string} what
 * @param {Room} room
 * @param {Message} message
 * @returns {Promise<unknown>}
 */
export async function runAction(what, room, message) {
  switch (what) {
    case "reply":
      room.replyTo(message);
      return document.getElementById("composer")?.focus();
    case "edit":
      room.startEditing(message);
      return document.getElementById("composer")?.focus();
    case "react":
      return openDialog("emoji", { roomId: room.id, message });
    case "pin":
      return setPinned(message, !message.pinned_at);
    case "unread":
      return markUnread(message);
    case "erase":
    case "versions":
    case "report":
      return openDialog(what, { roomId: room.id, message });
    case "copy":
      return copyAndNotify(message.body);
    default:
      return copyAndNotify(new URL(messagePath(room.id, message.seq), location.href).href);
  }
}

/** @param {string} text */
async function copyAndNotify(text) {
  if (await copyText(text)) showToast(t("message.copied"));
  else showToast(t("message.not-copied"), "bad");
}

const MESSAGE_ROW = ".message-row[data-seq]";

const PRIMARY_ACTIONS = [
  { what: "react", icon: "smile" },
  { what: "reply", icon: "reply" },
  { what: "edit", icon: "pencil" },
];

/** The tools may extend this far below the row without being clipped. */
const BELOW_PX = 64;

/**
 * Where the tools may stand: beside `row`, and not below the last one, which would make the log longer.
 * @param {HTMLElement} row
 */
function positionOf(row) {
  const { offsetTop, offsetHeight } = /** @type {HTMLElement} */ (row.parentElement);
  const end = offsetTop + offsetHeight;
  return {
    insetBlockStart: `${row.offsetTop}px`,
    blockSize: `${Math.min(row.offsetHeight + BELOW_PX, end - row.offsetTop)}px`,
  };
}

/**
 * The tools, at the height of `row`, or at the top of the log while that is above it. `done` gives the focus back to the row.
 * @param {{ room: Room; message: Message; row: HTMLElement; done: () => void }} props
 */
export default function MessageTools({ room, message, row, done }) {
  const [more, setMore] = useState(false);
  const may = permissionsFor(room, message);
  /** @param {string} what */
  const run = (what) => {
    setMore(false);
    void runAction(what, room, message);
  };
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    if (more) setMore(false);
    else done();
  };
  return html`<div class="tools-place" style=${positionOf(row)}><div class="tools" role="toolbar" aria-label=${t("tools.of", { name: nameOf(message.author) })} onKeyDown=${onKeyDown}>
    ${PRIMARY_ACTIONS.filter(({ what }) => may[what]).map(({ what, icon }) => html`<${IconButton} key=${what} icon=${icon} label=${t(`tools.${what}`)} onClick=${() => run(what)} />`)}
    <${IconButton} icon="more" label=${t("tools.more")} aria-expanded=${String(more)} onClick=${() => setMore(!more)} />
    ${more && html`<${More} may=${may} message=${message} run=${run} />`}
  </div></div>`;
}

/** @param {{ may: Record<string, boolean>; message: Message; run: (what: string) => void }} props */
function More({ may, message, run }) {
  /** @type {[string, string, string][]} */
  const items = [
    ["pin", "pin", message.pinned_at ? "tools.unpin" : "tools.pin"],
    ["copy", "copy", "tools.copy"],
    ["link", "link", "tools.link"],
    ["versions", "clock", "tools.versions"],
    ["unread", "down", "tools.unread"],
    ["report", "alert", "tools.report"],
    ["erase", "trash", "tools.erase"],
  ];
  // At the end of the log there is no room below.
  /** @type {{ current: HTMLElement }} */
  const list = useRef(null);
  const [up, setUp] = useState(false);
  useLayoutEffect(() => {
    const log = /** @type {Element} */ (list.current.closest(".log")).getBoundingClientRect();
    const { top, bottom, height } = list.current.getBoundingClientRect();
    setUp(bottom > log.bottom && top - height > log.top);
  }, []);
  return html`<ul class=${up ? "menu up" : "menu"} ref=${list}>
    ${items.filter(([what]) => may[what]).map(([what, icon, label]) => html`<li key=${what}><button type="button" class=${what === "erase" ? "bad" : ""} onClick=${() => run(what)}><${Icon} name=${icon} /> ${t(label)}</button></li>`)}
  </ul>`;
}

/**
 * @param {HTMLElement} list
 * @returns {HTMLElement[]}
 */
const messageRows = (list) => Array.from(list.querySelectorAll(MESSAGE_ROW));

/**
 * Several messages are copied as a text that says who said what; a part of one as it is.
 * @param {ClipboardEvent} event
 * @param {Room} room
 * @param {HTMLElement} list
 */
export function onCopy(event, room, list) {
  const selection = getSelection();
  if (!selection || selection.isCollapsed) return;
  const range = selection.getRangeAt(0);
  const rows = messageRows(list).filter((row) => selectsTextOf(range, row));
  if (rows.length < 2) return;
  event.preventDefault();
  event.clipboardData?.setData("text/plain", transcript(rows.map((row) => room.timeline.get(Number(row.dataset.seq)))));
}

/**
 * Whether some of the row's own words are selected, and not only the edge between two rows.
 * @param {Range} range
 * @param {Node} row
 */
function selectsTextOf(range, row) {
  if (!range.intersectsNode(row)) return false;
  const part = document.createRange();
  part.selectNodeContents(row);
  if (range.compareBoundaryPoints(Range.START_TO_START, part) > 0)
    part.setStart(range.startContainer, range.startOffset);
  if (range.compareBoundaryPoints(Range.END_TO_END, part) < 0) part.setEnd(range.endContainer, range.endOffset);
  return part.toString().trim() !== "";
}

/** @type {Record<string, string>} */
const KEYS = { r: "reply", e: "edit", "+": "react", d: "erase" };

/**
 * Arrows walk through the messages; `r e + d` do something to the one that has the focus. That may be another
 * one than when the key was pressed: this module was still being fetched, and a key before it walked on.
 * @param {KeyboardEvent} event
 * @param {Room} room
 * @param {HTMLElement} list
 */
export function onKey(event, room, list) {
  const focused = document.activeElement;
  if (!(focused instanceof HTMLElement)) return;
  if (event.altKey || event.ctrlKey || event.metaKey || focused.closest(".tools")) return;
  /** @type {HTMLElement | null} */
  const row = focused.closest(MESSAGE_ROW);
  if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    const rows = messageRows(list);
    const next = row ? rows[rows.indexOf(row) + (event.key === "ArrowUp" ? -1 : 1)] : rows.at(-1);
    if (!next) return;
    event.preventDefault();
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    return;
  }
  if (!row || focused !== row) return;
  if (event.key === "Enter") {
    event.preventDefault();
    /** @type {HTMLElement | null | undefined} */ (row.closest(".log")?.querySelector(".tools button"))?.focus();
    return;
  }
  const what = KEYS[event.key.toLowerCase()];
  const message = room.timeline.get(Number(row.dataset.seq));
  if (!what || !message || !permissionsFor(room, message)[what]) return;
  event.preventDefault();
  void runAction(what, room, message);
}
