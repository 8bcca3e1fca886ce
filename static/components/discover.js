import { useEffect, useState } from "preact/hooks";
import { discover, joinPublic } from "../core/rooms.js";
import { navigate } from "../core/router.js";
import { rooms } from "../core/state.js";
import { html } from "../lib/html.js";
import { roomPath } from "../lib/routes.js";
import { count } from "../lib/text.js";
import { closeDialog } from "./dialog.js";
import { FormError, useSubmit } from "./field.js";
import { Icon } from "./icon.js";

export function Discover() {
  const [found, setFound] = useState(null);
  const list = useSubmit(async () => setFound(await discover()));
  useEffect(() => void list.submit(), []);

  if (list.problem) {
    return html`<${FormError} problem=${list.problem} /><div class="form-foot"><button type="button" class="button" onClick=${list.submit}>Try again</button></div>`;
  }
  if (found === null) return html`<p class="faint" role="status">Looking for public rooms…</p>`;
  if (found.length === 0) return html`<p class="faint">There is no public room yet. You could create the first one.</p>`;
  return html`<ul class="found">${found.map((room) => html`<${Found} key=${room.id} room=${room} />`)}</ul>`;
}

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
      <p class="faint">${count(room.member_count ?? 0, "member")}${room.online_count ? `, ${room.online_count} online` : ""}</p>
      <${FormError} problem=${enter.problem} />
    </div>
    <button type="button" class=${`button small ${joined ? "" : "primary"}`} onClick=${enter.submit} aria-label=${`${joined ? "Open" : "Join"} ${room.name}`}>${joined ? "Open" : "Join"}</button>
  </li>`;
}
