import { joinByCode } from "../core/room-actions.js";
import { closeDialog } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { codeFrom } from "../lib/routes.js";
import { Field, FormError, SubmitButton, useSubmit } from "./field.js";
import { Invitation, useInvite } from "./invitation.js";

/** @param {{ code?: string }} props */
export function JoinRoom({ code = "" }) {
  const look = useInvite(code);
  const form = useSubmit(async (values) => {
    await joinByCode(codeFrom(values.code));
    closeDialog();
  });
  const refused = form.problem?.code === "bad_code" ? t("join.refused") : form.fields.code;
  return html`<form onSubmit=${form.submit}>
    ${code && html`<${Invitation} look=${look} />`}
    <${Field} label=${t("field.code")} name="code" required autofocus autocomplete="off" autocapitalize="none" spellcheck=${false} value=${code} error=${refused}
      hint=${t("join.hint")} />
    ${!refused && html`<${FormError} problem=${form.problem} />`}
    <div class="form-foot"><${SubmitButton} busy=${form.busy}>${t("join.do")}<//></div>
  </form>`;
}
