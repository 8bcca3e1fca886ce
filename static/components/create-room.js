import { createRoom } from "../core/room-actions.js";
import { closeDialog, openDialog } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Field, FormError, SubmitButton, useSubmit } from "./field.js";

const KINDS = [
  { kind: "private", title: "create.private", text: "create.private.text" },
  { kind: "public", title: "create.public", text: "create.public.text" },
];

export function CreateRoom() {
  const form = useSubmit(async ({ name, topic, kind }) => {
    const room = await createRoom({ name: name.trim(), topic: topic.trim(), kind });
    if (room.access_code) openDialog("room", { roomId: room.id });
    else closeDialog();
  });
  return html`<form onSubmit=${form.submit}>
    <${Field} label=${t("field.room-name")} name="name" required maxlength="80" autofocus autocomplete="off" dir="auto" error=${form.fields.name} />
    <${Field} label=${t("field.topic.optional")} name="topic" maxlength="250" autocomplete="off" dir="auto" error=${form.fields.topic} />
    <fieldset class="choices">
      <legend>${t("create.who")}</legend>
      ${KINDS.map(
        ({ kind, title, text }) => html`<label class="choice">
          <input type="radio" name="kind" value=${kind} defaultChecked=${kind === "private"} />
          <span class="choice-title">${t(title)}</span>
          <span class="choice-text">${t(text)}</span>
        </label>`,
      )}
    </fieldset>
    <${FormError} problem=${form.problem} known=${["name", "topic"]} />
    <div class="form-foot"><${SubmitButton} busy=${form.busy}>${t("create.do")}<//></div>
  </form>`;
}
