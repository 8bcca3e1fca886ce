import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { hasForeignFiles } from "../core/file-drag.js";
import { closeRoom, openRoom } from "../core/history.js";
import { rememberRoom } from "../core/rooms.js";
import { followLink } from "../core/router.js";
import { membersShown, openDialog, route, toggleMembers, wide } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Composer } from "./composer.js";
import { Icon, IconButton, iconOf } from "./icon.js";
import { lazy } from "./lazy.js";
import { MessageList } from "./message-list.js";

/** Reserves the space of the member list before it is loaded. */
const Members = lazy(async () => (await import("./members-panel.js")).Members);

/** @param {{ room: Room }} props */
export function RoomView({ room }) {
  const { seq } = route.value;
  // Before the log is drawn for the first time: reading it moves the receipt.
  useMemo(() => {
    room.placeDivider();
  }, []);
  useEffect(() => {
    rememberRoom(room);
    return () => closeRoom(room);
  }, []);
  useEffect(() => void openRoom(room, seq), [seq]);

  /** @type {{ current: ((files: File[]) => void) | null }} */
  const attachFiles = useRef(null);
  const [dropping, setDropping] = useState(false);
  // An edited message accepts no files.
  /** @param {DragEvent} event */
  const takes = (event) => hasForeignFiles(event) && !room.editing.value;
  /** @param {DragEvent} event */
  const onDragOver = (event) => {
    if (!takes(event)) return;
    event.preventDefault();
    setDropping(true);
  };
  /** @param {DragEvent} event */
  const onDrop = (event) => {
    setDropping(false);
    if (!takes(event)) return;
    event.preventDefault();
    attachFiles.current?.([...(event.dataTransfer?.files ?? [])]);
  };

  return html`
    <main class="room" onDragOver=${onDragOver} onDrop=${onDrop}>
      <${RoomHead} room=${room} />
      <${Log} room=${room} />
      <${Composer} room=${room} attachFiles=${attachFiles} />
      ${dropping && html`<div class="drop-zone" aria-hidden="true" onDragLeave=${() => setDropping(false)} onPointerMove=${() => setDropping(false)}><p>${t("files.drop-here")}</p></div>`}
    </main>
    ${wide.value && membersShown.value && html`<aside class="members" aria-label=${t("members.heading")}><${Members} room=${room} /></aside>`}
  `;
}

/** @param {{ room: Room }} props */
function RoomHead({ room }) {
  const { name, topic, kind, member_count: members } = room.info.value;
  const showMembers = () => {
    if (wide.value) toggleMembers();
    else openDialog("members", { roomId: room.id });
  };
  return html`<header class="room-head">
    <a class="icon-button back" href="/" onClick=${followLink} aria-label=${t("room.back")}><${Icon} name="back" /></a>
    <div class="room-title">
      <h1><${Icon} name=${iconOf(kind)} /><bdi>${name}</bdi></h1>
      ${topic && html`<p class="room-topic" dir="auto" title=${topic}>${topic}</p>`}
    </div>
    <button type="button" class="people-button" onClick=${showMembers} aria-expanded=${wide.value ? String(membersShown.value) : undefined}>
      <${Icon} name="people" /><span class="dot online"></span>
      <span class="sr-only">${t("room.people", { online: room.onlineCount.value, n: members })}</span>
      <span aria-hidden="true">${room.onlineCount.value} <span class="people-all">${t("room.people.of", { n: members })}</span></span>
    </button>
    <${IconButton} icon="pin" label=${t("dialog.pins")} onClick=${() => openDialog("pins", { roomId: room.id })} />
    <${IconButton} icon="settings" label=${t("room-settings.title")} onClick=${() => openDialog("room", { roomId: room.id })} />
  </header>`;
}

/**
 * The log, or the reason why it is missing.
 * @param {{ room: Room }} props
 */
function Log({ room }) {
  const state = room.loading.value;
  void room.version.value;
  if (room.timeline.loaded) return html`<${MessageList} room=${room} />`;
  if (state instanceof Error) {
    return html`<div class="log-state" role="alert">
      <p>${state.message}</p>
      <button type="button" class="button" onClick=${() => openRoom(room, route.value.seq)}>${t("app.try-again")}</button>
    </div>`;
  }
  return html`<div class="log-state" role="status"><span class="sr-only">${t("log.loading")}</span><${Skeleton} /></div>`;
}

const Skeleton = () =>
  html`<div class="skeleton" aria-hidden="true">${["long", "short", "middle", "long", "short"].map((width) => html`<div class="bone-row"><span class="bone round"></span><span class=${`bone ${width}`}></span></div>`)}</div>`;
