// The account: name, password, devices, sign out.

import { useEffect, useState } from "preact/hooks";
import { showToast } from "../core/toast.js";
import { changePassword, listSessions, changeDisplayName, revokeSession, signOut } from "../core/account.js";
import { closeDialog, me, now, outgoing } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { deviceName } from "../lib/device.js";
import { relativeTime } from "../lib/time.js";
import { Profile, BlockedUsers, DeleteAccount, Tokens } from "./account.js";
import { Appearance } from "./appearance.js";
import { Avatar } from "./avatar.js";
import { ConfirmButton } from "./confirm-button.js";
import { Field, FormError, SubmitButton, useSubmit } from "./field.js";
import { Icon } from "./icon.js";
import "./lazy-icons.js";
import { NotificationSettings } from "./notification-settings.js";

export function Settings() {
  const user = me.value;
  if (!user) return null;
  return html`
    <div class="account">
      <${Avatar} person=${user} />
      <p><bdi class="account-name">${user.display_name}</bdi><span class="faint" translate=${false}>@${user.username}</span></p>
    </div>
    <${DisplayName} user=${user} />
    <${Profile} />
    <${Appearance} />
    <section class="part"><h3>${t("notifications.heading")}</h3><${NotificationSettings} /></section>
    <${Password} />
    <${Sessions} />
    <${Tokens} />
    <${BlockedUsers} />
    <section class="part"><h3>${t("settings.sign-out")}</h3><${SignOut} /></section>
    <${DeleteAccount} />
  `;
}

/** @param {{ user: User }} props */
function DisplayName({ user }) {
  const form = useSubmit(async ({ displayName }) => {
    await changeDisplayName(displayName.trim());
    showToast(t("settings.name.changed"));
  });
  return html`<section class="part">
    <h3>${t("settings.name")}</h3>
    <form class="inline-form" onSubmit=${form.submit}>
      <${Field} label=${t("settings.name.label")} name="displayName" required maxlength="64" dir="auto" autocomplete="name" value=${user.display_name} error=${form.fields.display_name} />
      <${SubmitButton} busy=${form.busy} class="">${t("app.save")}<//>
    </form>
    <${FormError} problem=${form.problem} known=${["display_name"]} />
  </section>`;
}

function Password() {
  const form = useSubmit(async ({ current, next }, element) => {
    await changePassword(current, next);
    element.reset();
    showToast(t("settings.password.changed"));
  });
  return html`<section class="part">
    <h3>${t("field.password")}</h3>
    <form onSubmit=${form.submit}>
      <input hidden type="text" autocomplete="username" value=${me.value?.username} readOnly />
      <${Field} label=${t("settings.password.present")} name="current" type="password" required autocomplete="current-password" error=${form.fields.current} />
      <${Field} label=${t("settings.password.new")} name="next" type="password" required minlength="8" maxlength="128" autocomplete="new-password" error=${form.fields.new} hint=${t("settings.password.hint")} />
      <${FormError} problem=${form.problem} known=${["current", "new"]} />
      <div class="form-foot"><${SubmitButton} busy=${form.busy} class="">${t("settings.password.do")}<//></div>
    </form>
  </section>`;
}

function Sessions() {
  /** @type {State<SessionItem[] | null>} */
  const [sessions, setSessions] = useState(null);
  const list = useSubmit(async () => setSessions(await listSessions()));
  useEffect(() => void list.submit(), []);
  /** @param {number} id */
  const revoke = async (id) => {
    await revokeSession(id);
    setSessions((known) => known && known.filter((session) => session.id !== id));
    showToast(t("settings.device.gone"));
  };
  return html`<section class="part">
    <h3>${t("settings.devices")}</h3>
    <${FormError} problem=${list.problem} />
    ${sessions === null && !list.problem && html`<p class="faint" role="status">${t("app.loading")}</p>`}
    <ul class="sessions">
      ${sessions?.map(
        (session) => html`<li class="session" key=${session.id}>
          <${Icon} name="device" />
          <div class="session-text">
            <p class="session-name">${deviceName(session.user_agent)}${session.current && html` <span class="role">${t("settings.device.this")}</span>`}</p>
            <p class="faint">${session.address ? `${session.address}, ` : ""}${t("settings.device.used", { ago: relativeTime(session.last_used_at ?? session.created_at, now.value) })}</p>
          </div>
          ${!session.current && html`<${ConfirmButton} label=${t("settings.sign-out")} question=${t("settings.device.ask")} confirm=${t("settings.sign-out")} action=${() => revoke(session.id)} />`}
        </li>`,
      )}
    </ul>
  </section>`;
}

function SignOut() {
  const unsent = outgoing.value.length;
  const leave = async () => {
    await signOut();
    closeDialog();
  };
  const signingOut = useSubmit(leave);
  if (unsent > 0) {
    return html`<${ConfirmButton} label=${t("settings.sign-out")} question=${t("settings.unsent", { n: unsent })} confirm=${t("settings.sign-out")} action=${leave} />`;
  }
  return html`<${FormError} problem=${signingOut.problem} /><button type="button" class="button danger-quiet" onClick=${signingOut.submit}><${Icon} name="door" /> ${t("settings.sign-out")}</button>`;
}
