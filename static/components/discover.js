import { useEffect, useState } from "preact/hooks";
import { listPublicRooms, joinPublic } from "../core/room-actions.js";
import { navigate } from "../core/router.js";
import { closeDialog, rooms } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { roomPath } from "../lib/routes.js";
import { FormError, useSubmit } from "./field.js";
import { Icon } from "./icon.js";

export function Discover() {
  /** @type {State<RoomItem[] | null>} */
  const [found, setFound] = useState(null);
  const list = useSubmit(async () => setFound(await listPublicRooms()));
  useEffect(() => void list.submit(), []);

  if (list.problem) {
    return html`<${FormError} problem=${list.problem} /><div class="form-foot"><button type="button" class="button" onClick=${list.submit}>${t("app.try-again")}</button></div>`;
  }
  if (found === null) return html`<p class="faint" role="status">${t("discover.loading")}</p>`;
  if (found.length === 0) return html`<p class="faint">${t("discover.none")}</p>`;
  return html`<ul class="found">${found.map((room) => html`<${Found} key=${room.id} room=${room} />`)}</ul>`;
}

/** @param {{ room: RoomItem }} props */
function Found({ room }) {
  const joined = room.joined || rooms.value.has(room.id);
  const enter = useSubmit(async () => {
    if (joined) navigate(roomPath(room.id));
    else await joinPublic(room.id);
    closeDialog();
  });
  return html`<li class="found-room">
    <${Icon} name="hash" />
    <div class="found-text">
      <bdi class="found-name">${room.name}</bdi>
      ${room.topic && html`<p class="found-topic" dir="auto">${room.topic}</p>`}
      <p class="faint">${t("room.members", { n: room.member_count ?? 0 })}${room.online_count ? `, ${t("room.online", { n: room.online_count })}` : ""}</p>
      <${FormError} problem=${enter.problem} />
    </div>
    <button type="button" class=${`button small ${joined ? "" : "primary"}`} onClick=${enter.submit} aria-label=${t(joined ? "discover.open.room" : "discover.join.room", { room: room.name })}>${joined ? t("discover.open") : t("discover.join")}</button>
  </li>`;
}
