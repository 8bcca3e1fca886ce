// The picture of somebody, as large as it is shown anywhere; and choosing one's own.

import { useRef, useState } from "preact/hooks";
import { notify } from "../core/announce.js";
import { remove, renewIfDue } from "../core/api.js";
import { me } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Problem } from "../lib/problem.js";
import { FormError, useSubmit } from "./field.js";

const TYPES = "image/png,image/jpeg,image/gif,image/webp";

/** Who has no picture is shown by their initials, which the server draws. `turn` is another one after each change. */
export function Portrait({ id, turn = 0 }) {
  return html`<img class="portrait" src=${`/api/users/${id}/avatar${turn > 0 ? `?${turn}` : ""}`} alt="" width="72" height="72" />`;
}

async function bring(file) {
  await renewIfDue();
  const answer = await fetch("/api/me/avatar", { method: "PUT", body: file, credentials: "same-origin" }).catch(() => null);
  if (!answer) throw Problem.network();
  if (!answer.ok) throw await Problem.from(answer);
}

export function OwnPortrait() {
  const [turn, setTurn] = useState(Date.now);
  const picker = useRef(null);
  const changing = useSubmit(async () => {
    const [file] = picker.current.files;
    picker.current.value = "";
    if (!file) return;
    await bring(file);
    setTurn(Date.now());
    notify(t("portrait.changed"));
  });
  const dropping = useSubmit(async () => {
    await remove("/api/me/avatar");
    setTurn(Date.now());
    notify(t("portrait.gone"));
  });
  return html`<div class="portrait-row">
      <${Portrait} id=${me.value.id} turn=${turn} />
      <div class="part-buttons">
        <button type="button" class="button" onClick=${() => picker.current.click()}>${t("portrait.choose")}</button>
        <input type="file" accept=${TYPES} hidden ref=${picker} aria-label=${t("portrait.choose")} onChange=${() => changing.submit()} />
        <button type="button" class="button danger-quiet" onClick=${dropping.submit}>${t("portrait.drop")}</button>
      </div>
    </div>
    <${FormError} problem=${changing.problem ?? dropping.problem} />`;
}
