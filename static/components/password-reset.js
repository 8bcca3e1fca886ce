// The page of a password reset link.

import { showToast } from "../core/toast.js";
import { anonymous } from "../core/api.js";
import { navigate } from "../core/router.js";
import { endSession } from "../core/session.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Field, FormError, SubmitButton, useSubmit } from "./field.js";
import { Logo } from "./icon.js";

/** @param {{ token: string }} props */
export function PasswordReset({ token }) {
  const form = useSubmit(async ({ next }) => {
    await anonymous("POST", "/api/auth/reset", { token, new: next });
    navigate("/", { replace: true });
    endSession();
    showToast(t("reset.done"));
  });
  return html`<main class="home"><div class="home-body">
    <${Logo} />
    <h1>${t("reset.heading")}</h1>
    <form onSubmit=${form.submit}>
      <${Field} label=${t("settings.password.new")} name="next" type="password" required autofocus minlength="8" maxlength="128" autocomplete="new-password" error=${form.fields.new} />
      ${form.fields.token && html`<p class="form-error" role="alert">${t("reset.over")}</p>`}
      <${FormError} problem=${form.problem} known=${["new", "token"]} />
      <div class="form-foot"><${SubmitButton} busy=${form.busy}>${t("reset.do")}<//></div>
    </form>
  </div></main>`;
}
