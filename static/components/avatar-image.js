// The large profile picture of a user, and the choice of one's own.

import { useRef } from "preact/hooks";
import { updateOwnUser } from "../core/session.js";
import { showToast } from "../core/toast.js";
import { get, remove, renewIfDue } from "../core/api.js";
import { rememberUser } from "../core/members.js";
import { me, session } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Problem } from "../lib/problem.js";
import { Avatar } from "./avatar.js";
import { FormError, useSubmit } from "./field.js";

const TYPES = "image/png,image/jpeg,image/gif,image/webp";

/**
 * The large profile picture of a user.
 * @param {{ person: User }} props
 */
export function AvatarImage({ person }) {
  return html`<span class="avatar-image"><${Avatar} person=${person} /></span>`;
}

/** @param {File} file */
async function uploadAvatar(file) {
  await renewIfDue();
  const answer = await fetch("/api/me/avatar", { method: "PUT", body: file, credentials: "same-origin" }).catch(
    () => null,
  );
  if (!answer) throw Problem.network();
  if (!answer.ok) throw await Problem.from(answer);
}

/** Shows the new picture wherever this page shows the user. */
async function refreshOwnUser() {
  const { user } = await get("/api/me");
  updateOwnUser(user);
  rememberUser(user);
}

export function OwnAvatarImage() {
  /** @type {{ current: HTMLInputElement }} */
  const picker = useRef(null);
  const changing = useSubmit(async () => {
    const [file] = picker.current.files ?? [];
    picker.current.value = "";
    if (!file) return;
    await uploadAvatar(file);
    await refreshOwnUser();
    showToast(t("portrait.changed"));
  });
  const dropping = useSubmit(async () => {
    await remove("/api/me/avatar");
    await refreshOwnUser();
    showToast(t("portrait.gone"));
  });
  return html`<div class="avatar-image-row">
      <${AvatarImage} person=${me.value} />
      <div class="part-buttons">
        <button type="button" class="button" onClick=${() => picker.current.click()}>${t("portrait.choose")}</button>
        <input type="file" accept=${TYPES} hidden ref=${picker} aria-label=${t("portrait.choose")} onChange=${() => changing.submit()} />
        <button type="button" class="button danger-quiet" onClick=${dropping.submit}>${t("portrait.drop")}</button>
      </div>
    </div>
    <${FormError} problem=${changing.problem ?? dropping.problem} />`;
}
