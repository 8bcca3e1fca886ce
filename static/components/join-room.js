import { joinByCode } from "../core/rooms.js";
import { html } from "../lib/html.js";
import { codeFrom } from "../lib/routes.js";
import { closeDialog } from "./dialog.js";
import { Field, FormError, SubmitButton, useSubmit } from "./field.js";
import { Invitation, useLook } from "./invitation.js";

export function JoinRoom({ code = "" }) {
  const look = useLook(code);
  const form = useSubmit(async (values) => {
    await joinByCode(codeFrom(values.code));
    closeDialog();
  });
  const refused = form.problem?.code === "bad_code" ? "No room opens with this code. Check it, or ask for a new one." : form.fields.code;
  return html`<form onSubmit=${form.submit}>
    ${code && html`<${Invitation} look=${look} />`}
    <${Field} label="Access code" name="code" required autofocus autocomplete="off" autocapitalize="none" spellcheck=${false} value=${code} error=${refused}
      hint="The code of the room, or a whole invitation link." />
    ${!refused && html`<${FormError} problem=${form.problem} />`}
    <div class="form-foot"><${SubmitButton} busy=${form.busy}>Join the room<//></div>
  </form>`;
}
