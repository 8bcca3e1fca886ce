import { useEffect } from "preact/hooks";
import { notify } from "../core/announce.js";
import { copyText } from "../core/clipboard.js";
import { changeRoom, deleteRoom, inspect, leaveRoom, replaceCode } from "../core/rooms.js";
import { html } from "../lib/html.js";
import { invitePath } from "../lib/routes.js";
import { ConfirmButton } from "./confirm-button.js";
import { closeDialog } from "./dialog.js";
import { Field, FormError, SubmitButton, useSubmit } from "./field.js";
import { Icon } from "./icon.js";

export function RoomSettings({ room }) {
  const { name, topic, kind, role, access_code: code } = room.info.value;
  const looked = useSubmit(() => inspect(room));
  useEffect(() => void looked.submit(), [room]);
  const owner = role === "owner";
  return html`
    <p class="room-facts"><${Icon} name=${kind === "public" ? "hash" : "lock"} /><bdi>${name}</bdi><span class="faint">${kind === "public" ? "public room" : "private room"}</span></p>
    <${FormError} problem=${looked.problem} />
    ${room.governs && code && html`<${AccessCode} room=${room} code=${code} />`}
    ${owner ? html`<${Rename} room=${room} />` : topic && html`<section class="part"><h3>Topic</h3><p class="topic-text" dir="auto">${topic}</p></section>`}
    <section class="part">
      <h3>Leave or delete</h3>
      <div class="part-buttons">
        <${ConfirmButton} label="Leave the room" question=${`Leave ${name}? You need its code to come back.`} confirm="Leave" action=${() => leave(room)} />
        ${owner && html`<${ConfirmButton} label="Delete the room" question=${`Delete ${name} with all its messages, for everybody? This cannot be undone.`} confirm="Delete for everybody" action=${() => destroy(room)} />`}
      </div>
    </section>
  `;
}

async function leave(room) {
  await leaveRoom(room);
  closeDialog();
  notify(`You left ${room.info.value.name}.`);
}

async function destroy(room) {
  await deleteRoom(room);
  closeDialog();
  notify(`${room.info.value.name} was deleted.`);
}

function AccessCode({ room, code }) {
  const copy = (text, said) => async () => {
    if (await copyText(text)) notify(said);
    else notify("Copying was refused. Select the code and copy it by hand.", "bad");
  };
  return html`<section class="part">
    <h3>Access code</h3>
    <p class="faint">Whoever has it can come in.</p>
    <div class="code-row">
      <output class="code" aria-label="Access code" tabindex="0">${code}</output>
      <button type="button" class="button" onClick=${copy(code, "The code is copied.")}><${Icon} name="copy" /> Copy code</button>
    </div>
    <div class="part-buttons">
      <button type="button" class="button" onClick=${copy(location.origin + invitePath(code), "The invitation link is copied.")}><${Icon} name="copy" /> Copy invitation link</button>
      <${ConfirmButton} label="Replace the code" question="Make a new code? The present one stops working at once; members stay." confirm="Replace" tone="primary" action=${() => replaceCode(room)} />
    </div>
  </section>`;
}

function Rename({ room }) {
  const { name, topic } = room.info.value;
  const form = useSubmit(async (values) => {
    const change = {};
    if (values.name.trim() !== name) change.name = values.name.trim();
    if (values.topic.trim() !== (topic ?? "")) change.topic = values.topic.trim();
    if (Object.keys(change).length > 0) await changeRoom(room, change);
    notify("Saved.");
  });
  return html`<section class="part">
    <h3>Name and topic</h3>
    <form onSubmit=${form.submit}>
      <${Field} label="Name" name="name" required maxlength="80" dir="auto" autocomplete="off" value=${name} error=${form.fields.name} />
      <${Field} label="Topic" name="topic" maxlength="250" dir="auto" autocomplete="off" value=${topic ?? ""} error=${form.fields.topic} />
      <${FormError} problem=${form.problem} known=${["name", "topic"]} />
      <div class="form-foot"><${SubmitButton} busy=${form.busy}>Save<//></div>
    </form>
  </section>`;
}
