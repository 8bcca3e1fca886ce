// The picture of somebody, as large as it is shown anywhere; and choosing one's own.

import { useRef } from "preact/hooks";
import { notify } from "../core/announce.js";
import { get, remove, renewIfDue } from "../core/api.js";
import { notePerson } from "../core/members.js";
import { me, session } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Problem } from "../lib/problem.js";
import { Avatar } from "./avatar.js";
import { FormError, useSubmit } from "./field.js";

const TYPES = "image/png,image/jpeg,image/gif,image/webp";

/** The picture of somebody, large. */
export function Portrait({ person }) {
  return html`<span class="portrait"><${Avatar} person=${person} /></span>`;
}

async function bring(file) {
  await renewIfDue();
  const answer = await fetch("/api/me/avatar", { method: "PUT", body: file, credentials: "same-origin" }).catch(
    () => null,
  );
  if (!answer) throw Problem.network();
  if (!answer.ok) throw await Problem.from(answer);
}

/** Shows the new picture wherever this page shows the user. */
async function showChange() {
  const { user } = await get("/api/me");
  session.value = { ...session.value, user: { ...session.value.user, ...user } };
  notePerson(user);
}

export function OwnPortrait() {
  const picker = useRef(null);
  const changing = useSubmit(async () => {
    const [file] = picker.current.files;
    picker.current.value = "";
    if (!file) return;
    await bring(file);
    await showChange();
    notify(t("portrait.changed"));
  });
  const dropping = useSubmit(async () => {
    await remove("/api/me/avatar");
    await showChange();
    notify(t("portrait.gone"));
  });
  return html`<div class="portrait-row">
      <${Portrait} person=${me.value} />
      <div class="part-buttons">
        <button type="button" class="button" onClick=${() => picker.current.click()}>${t("portrait.choose")}</button>
        <input type="file" accept=${TYPES} hidden ref=${picker} aria-label=${t("portrait.choose")} onChange=${() => changing.submit()} />
        <button type="button" class="button danger-quiet" onClick=${dropping.submit}>${t("portrait.drop")}</button>
      </div>
    </div>
    <${FormError} problem=${changing.problem ?? dropping.problem} />`;
}
