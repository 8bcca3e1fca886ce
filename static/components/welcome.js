// The page without a session: sign-in, sign-up and invitations.

import { useState } from "preact/hooks";
import { signIn, signUp } from "../core/account.js";
import { joinByCode } from "../core/room-actions.js";
import { showToast } from "../core/toast.js";
import { route, server, session } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { isExpired, registrationOf, nextStep } from "../lib/invitation.js";
import { codeFrom } from "../lib/routes.js";
import { Field, FormError, SubmitButton, useSubmit } from "./field.js";
import { Logo } from "./icon.js";
import { Invitation, useInvite } from "./invitation.js";

export function Welcome() {
  const invited = route.value.name === "invite";
  const link = route.value.code ?? "";
  const look = useInvite(link);
  const code = isExpired(look) ? "" : link;
  const registration = registrationOf(server.value);
  const closed = registration === "closed";
  const isFirst = Boolean(server.value?.needs_first_account);
  const [mode, setMode] = useState(invited || isFirst ? "signup" : "signin");
  return html`<main class="welcome">
    <div class="welcome-card">
      <section class="welcome-brand" aria-label="Parlor">
        <span class="welcome-mark"><${Logo} /></span>
        <${Logo} />
        <p class="welcome-name">${server.value?.name ?? "Parlor"}</p>
        <p class="welcome-line">${t("welcome.line")}</p>
      </section>
      <section class="welcome-form">
        ${session.value.notice && html`<p class="notice" role="status">${t(session.value.notice)}</p>`}
        ${invited && html`<${Invitation} look=${look} next=${nextStep(look, registration)} />`}
        ${
          mode === "signup" && !closed
            ? html`<${SignUp} code=${code} needed=${registration === "invite"} isFirst=${isFirst} />`
            : html`<${SignIn} code=${code} />`
        }
        ${!isFirst && html`<${Switch} mode=${mode} setMode=${setMode} closed=${closed} />`}
      </section>
    </div>
  </main>`;
}

/** @param {{ mode: string; setMode: (mode: string) => void; closed: boolean }} props */
function Switch({ mode, setMode, closed }) {
  if (closed) return html`<p class="switch">${t("welcome.closed")}</p>`;
  return mode === "signin"
    ? html`<p class="switch">${t("welcome.new-here")} <button type="button" class="link" onClick=${() => setMode("signup")}>${t("welcome.create")}</button></p>`
    : html`<p class="switch">${t("welcome.have-account")} <button type="button" class="link" onClick=${() => setMode("signin")}>${t("welcome.sign-in")}</button></p>`;
}

/** @param {{ code: string }} props */
function SignIn({ code }) {
  const form = useSubmit(async (values) => {
    await signIn(values);
    if (code) await joinByCode(code).catch((problem) => showToast(problem.message, "bad"));
  });
  return html`<form onSubmit=${form.submit} aria-labelledby="welcome-title">
    <h1 id="welcome-title">${t("welcome.back")}</h1>
    <${Field} label=${t("field.username")} name="username" autocomplete="username" autocapitalize="none" spellcheck=${false} required autofocus error=${form.fields.username} />
    <${Field} label=${t("field.password")} name="password" type="password" autocomplete="current-password" required error=${form.fields.password} />
    <${FormError} problem=${form.problem} known=${["username", "password"]} />
    <${SubmitButton} busy=${form.busy}>${t("welcome.sign-in")}<//>
  </form>`;
}

/**
 * A code is `needed` where new accounts are made by invitation alone. Nobody can have one for the first account.
 * @param {{ code: string; needed: boolean; isFirst: boolean }} props
 */
function SignUp({ code, needed, isFirst }) {
  const form = useSubmit(async ({ username, password, displayName, code: typed = "" }) => {
    await signUp({ username, password, displayName: displayName.trim(), code: codeFrom(typed) });
  });
  const { fields } = form;
  return html`<form onSubmit=${form.submit} aria-labelledby="welcome-title">
    <h1 id="welcome-title">${t(isFirst ? "welcome.first" : "welcome.sign-up")}</h1>
    ${isFirst && html`<p>${t("welcome.first.text")}</p>`}
    <${Field} label=${t("field.username")} name="username" autocomplete="username" autocapitalize="none" spellcheck=${false} required minlength="3" maxlength="32" autofocus
      error=${fields.username} hint=${t("field.username.hint")} />
    <${Field} label=${t("field.password")} name="password" type="password" autocomplete="new-password" required minlength="8" maxlength="128" error=${fields.password} hint=${t("field.password.hint")} />
    <${Field} label=${t("field.display-name.optional")} name="displayName" autocomplete="name" maxlength="64" error=${fields.display_name} hint=${t("field.display-name.hint")} />
    ${
      !isFirst &&
      html`<${Field} label=${needed ? t("field.code") : t("field.code.optional")} name="code" required=${needed} autocomplete="off" spellcheck=${false} value=${code} error=${fields.code}
      hint=${needed ? t("field.code.needed") : t("field.code.maybe")} />`
    }
    <${FormError} problem=${form.problem} known=${["username", "password", "display_name", "code"]} />
    <${SubmitButton} busy=${form.busy}>${t("welcome.create.do")}<//>
  </form>`;
}
