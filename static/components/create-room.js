import { createRoom } from "../core/rooms.js";
import { dialog } from "../core/state.js";
import { html } from "../lib/html.js";
import { Field, FormError, SubmitButton, useSubmit } from "./field.js";

const KINDS = [
  { kind: "private", title: "Private", text: "Only those with its code come in." },
  { kind: "public", title: "Public", text: "Everybody on this server finds it and may come in." },
];

export function CreateRoom() {
  const form = useSubmit(async ({ name, topic, kind }) => {
    const room = await createRoom({ name: name.trim(), topic: topic.trim(), kind });
    dialog.value = room.access_code ? { name: "room", roomId: room.id } : null;
  });
  return html`<form onSubmit=${form.submit}>
    <${Field} label="Name" name="name" required maxlength="80" autofocus autocomplete="off" dir="auto" error=${form.fields.name} />
    <${Field} label="Topic (optional)" name="topic" maxlength="250" autocomplete="off" dir="auto" error=${form.fields.topic} />
    <fieldset class="choices">
      <legend>Who can come in</legend>
      ${KINDS.map(
        ({ kind, title, text }) => html`<label class="choice">
          <input type="radio" name="kind" value=${kind} defaultChecked=${kind === "private"} />
          <span class="choice-title">${title}</span>
          <span class="choice-text">${text}</span>
        </label>`,
      )}
    </fieldset>
    <${FormError} problem=${form.problem} known=${["name", "topic"]} />
    <div class="form-foot"><${SubmitButton} busy=${form.busy}>Create the room<//></div>
  </form>`;
}
