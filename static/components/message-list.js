// The log. It follows its end while the reader is there, and otherwise keeps the reader's position.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { jumpToPresent, loadAfter, loadBefore } from "../core/history.js";
import { markReadUpTo } from "../core/receipts.js";
import { me, openDialog, outgoing } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { buildRows } from "../lib/rows.js";
import { Icon, iconOf } from "./icon.js";
import { LogRow } from "./message-row.js";
import { loadedBlocks } from "./markdown.js";
import { lastVisibleSeq, restoreAnchor, showRow, takeAnchor } from "./scroll.js";

/** Distance in px from the end within which the log follows new messages. */
const FOLLOW_PX = 100;
/** Distance in px from an end of the window at which the next page is loaded. */
const PRELOAD_PX = 400;

/** So long after the last turn of the wheel, what it moves has come to rest. */
const WHEEL_SETTLE_MS = 1_000;

const HAS_SCROLLEND = "onscrollend" in globalThis;

/** @param {HTMLElement} box */
const distanceToEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight;
/**
 * Sizes of the log that move its end.
 * @param {HTMLElement} box
 */
const sizeOf = (box) => `${box.scrollHeight} ${box.clientHeight}`;

/** @param {{ room: Room }} props */
export function MessageList({ room }) {
  void room.version.value;
  const { timeline } = room;
  /** @type {{ current: HTMLElement }} */
  const box = useRef(null);
  /** @type {{ current: HTMLElement }} */
  const list = useRef(null);
  /** @type {{ current: LogView }} */
  const view = useRef({ following: true, rising: false, anchor: null, opening: undefined, shape: "", top: 0 });
  const sent = room.confirmed.value.filter(({ seq }) => timeline.get(seq) === undefined);
  const waiting = outgoing.value.filter(({ roomId }) => roomId === room.id);
  const rows = buildRows({
    messages: timeline.list(),
    pending: timeline.hasAfter ? [] : [...sent, ...waiting],
    unreadAfter: room.unreadAfter.value,
    me: me.value,
  });

  // The nodes are still the old ones here: remember where the reader is before they change.
  if (box.current && !view.current.following) view.current.anchor = takeAnchor(box.current, list.current);

  const restoreView = () => {
    const at = view.current;
    if (at.opening !== room.opening) scrollToOpening(room, box.current, list.current, at);
    // Drawn again without a change of its size: a scroll that is just beginning is left alone.
    else if (at.following && at.shape !== sizeOf(box.current)) box.current.scrollTop = box.current.scrollHeight;
    else if (!at.following) restoreAnchor(box.current, list.current, at.anchor);
    updateView();
  };

  /** Notes where the reader is now, and loads what they are about to see. */
  const updateView = () => {
    const at = view.current;
    const end = distanceToEnd(box.current);
    const atEnd = end <= FOLLOW_PX && !timeline.hasAfter;
    at.following = atEnd && !at.rising;
    at.shape = sizeOf(box.current);
    at.top = box.current.scrollTop;
    room.setAtBottom(atEnd);
    if (!atEnd && room.unread.value > 0) markReadUpTo(room, lastVisibleSeq(box.current, list.current));
    if (at.top < PRELOAD_PX) void loadBefore(room);
    if (end < PRELOAD_PX) void loadAfter(room);
  };

  /** A reader who scrolls up is not pulled back, however near the end still is. */
  const onScroll = () => {
    const at = view.current;
    if (HAS_SCROLLEND && at.shape === sizeOf(box.current)) at.rising = box.current.scrollTop < at.top;
    updateView();
    if (!at.following) at.anchor = takeAnchor(box.current, list.current);
  };
  /**
   * The page may hear of a turned wheel before it hears what that has moved.
   * @param {WheelEvent} event
   */
  const onWheel = (event) => {
    const at = view.current;
    if (!HAS_SCROLLEND || event.ctrlKey || event.deltaY >= 0 || box.current.scrollTop <= 0) return;
    // Where the log stood when it was last looked at: on a busy machine the wheel has moved it by now.
    const from = at.top;
    const followed = at.following;
    at.rising = true;
    at.following = false;
    at.anchor = takeAnchor(box.current, list.current);
    // A message that was shown just then may have undone what the wheel has moved: nothing comes to rest then.
    clearTimeout(at.turned);
    at.turned = setTimeout(() => {
      if (!box.current) return;
      if (followed && box.current.scrollTop === from) box.current.scrollTop = box.current.scrollHeight;
      handlers.current.onRest();
    }, WHEEL_SETTLE_MS);
  };
  const onRest = () => {
    view.current.rising = false;
    updateView();
  };

  useLayoutEffect(restoreView);
  // When the parser of Markdown arrives, rows change their heights after this component has been drawn.
  useLayoutEffect(() => queueMicrotask(() => box.current && handlers.current.settle()), [loadedBlocks.value]);

  // The composer grows, the window is resized, a font arrives: the place stays.
  /** @type {{ current: { settle: () => void; onWheel: (event: WheelEvent) => void; onRest: () => void } }} */
  const handlers = useRef();
  handlers.current = { settle: restoreView, onWheel, onRest };
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => handlers.current.settle());
    observer.observe(box.current);
    // Scrolling does not wait for it.
    box.current.addEventListener("wheel", (event) => handlers.current.onWheel(event), { passive: true });
    return () => observer.disconnect();
  }, []);

  // The log scrolls to the reader's own message from any position.
  const written = waiting.at(-1)?.key;
  const first = useRef(written);
  useLayoutEffect(() => {
    if (written && written !== first.current) void toPresent();
  }, [written]);

  const toPresent = async () => {
    view.current.following = true;
    await jumpToPresent(room);
    view.current.rising = false;
    view.current.following = true;
    box.current.scrollTop = box.current.scrollHeight;
    updateView();
  };

  const tools = useTools(room, list);
  return html`<div class="log-frame">
    <div class="log" ref=${box} onScroll=${onScroll} onScrollEnd=${onRest} role="log" aria-live="off" aria-label=${t("log.label", { name: room.info.value.name })} tabindex="0"
      onPointerOver=${tools.point} onPointerLeave=${tools.leave} onFocusIn=${tools.focus} onKeyDown=${tools.key} onCopy=${tools.copy}>
      <${Beginning} room=${room} />
      <ol class="log-rows" ref=${list}>
        ${rows.map((/** @type {AnyRow} */ row) => html`<${LogRow} key=${row.key} row=${row} target=${room.target.value !== null && row.seq === room.target.value} />`)}
      </ol>
      ${timeline.hasAfter && html`<p class="log-more" aria-hidden="true">${t("log.newer")}</p>`}
      ${tools.shown}
    </div>
    <${PresentPill} room=${room} onClick=${toPresent} />
  </div>`;
}

/**
 * Where a log is opened: at the linked message, at the first unread one, or at its end.
 * @param {Room} room
 * @param {HTMLElement} box
 * @param {HTMLElement} list
 * @param {LogView} at
 */
function scrollToOpening(room, box, list, at) {
  at.opening = room.opening;
  const { seq, unread } = room.opening ?? { unread: true };
  const target = seq && list.querySelector(`[data-seq="${seq}"]`);
  const divider = unread && list.querySelector(".unread-divider");
  box.scrollTop = box.scrollHeight;
  /** @param {Element} row */
  const above = (row) => row.getBoundingClientRect().top < box.getBoundingClientRect().top;
  if (target) showRow(box, target, 0.4);
  else if (divider && above(divider)) showRow(box, divider, 0.15);
  at.anchor = takeAnchor(box, list);
}

/** @param {{ room: Room }} props */
function Beginning({ room }) {
  if (room.timeline.hasBefore) return html`<p class="log-more" aria-hidden="true">${t("log.older")}</p>`;
  const { name, kind } = room.info.value;
  return html`<div class="beginning">
    <span class="beginning-mark"><${Icon} name=${iconOf(kind)} /></span>
    <p class="beginning-name"><bdi>${name}</bdi></p>
    <p class="faint">${t("log.beginning")}</p>
    ${room.canModerate && html`<button type="button" class="button" onClick=${() => openDialog("room", { roomId: room.id })}><${Icon} name="key" /> ${t("log.invite")}</button>`}
  </div>`;
}

/** @param {{ room: Room; onClick: () => void }} props */
function PresentPill({ room, onClick }) {
  const unread = room.unread.value;
  if (room.atBottom.value || !room.timeline.loaded) return null;
  return html`<button type="button" class="pill" onClick=${onClick}>
    <${Icon} name="down" /> ${unread > 0 ? t("log.unread", { n: unread }) : t("log.newest")}
  </button>`;
}

const fetchTools = () => import("./message-tools.js");

/**
 * The tools beside one message, the one under the pointer or the focus; and the keys of a message.
 * @param {Room} room
 * @param {{ current: HTMLElement }} list
 */
function useTools(room, list) {
  /** @type {State<typeof import("./message-tools.js") | null>} */
  const [Tools, setTools] = useState(null);
  /** @type {State<number | null>} */
  const [seq, setSeq] = useState(null);
  const [wanted, want] = useState(false);
  useEffect(() => {
    if (wanted && !Tools)
      fetchTools().then(
        (module) => setTools(() => module),
        () => {},
      );
  }, [wanted]);

  /**
   * @param {Event} event
   * @returns {HTMLElement | null}
   */
  const rowOf = ({ target }) => (target instanceof Element ? target.closest(".message-row[data-seq]") : null);
  /** @param {HTMLElement | null} row */
  const show = (row) => {
    want(true);
    if (row) setSeq(Number(row.dataset.seq));
  };
  /** @type {HTMLElement | null} */
  const row = seq === null ? null : list.current?.querySelector(`.message-row[data-seq="${seq}"]`);
  const message = seq === null ? undefined : room.timeline.get(seq);
  /** @param {KeyboardEvent} event */
  const key = (event) => {
    if (Tools) Tools.onKey(event, room, list.current);
    else
      void fetchTools().then(
        ({ onKey }) => onKey(event, room, list.current),
        () => {},
      );
  };
  const done = () => row?.focus();
  return {
    /** @param {PointerEvent} event */
    point: (event) => event.pointerType !== "touch" && show(rowOf(event)),
    leave: () => !list.current?.contains(document.activeElement) && setSeq(null),
    /** @param {FocusEvent} event */
    focus: (event) => show(rowOf(event)),
    key,
    /** @param {ClipboardEvent} event */
    copy: (event) => Tools?.onCopy(event, room, list.current),
    shown:
      Tools &&
      row &&
      message &&
      html`<${Tools.default} key=${seq} room=${room} message=${message} row=${row} done=${done} />`,
  };
}
