// The picture of somebody, as large as it is shown anywhere; and choosing one's own.

import { useEffect, useRef, useState } from "preact/hooks";
import { notify } from "../core/announce.js";
import { remove, renewIfDue } from "../core/api.js";
import { me } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Problem } from "../lib/problem.js";
import { Avatar } from "./avatar.js";
import { FormError, useSubmit } from "./field.js";

const TYPES = "image/png,image/jpeg,image/gif,image/webp";

/** Who has no picture is shown by their initials. `turn` is another one after each change. */
export function Portrait({ person, turn = 0 }) {
  const [address, setAddress] = useState(null);
  useEffect(() => {
    let made = null;
    let current = true;
    picture(person.id).then((blob) => current && setAddress((made = blob && URL.createObjectURL(blob))), () => {});
    return () => {
      current = false;
      if (made) URL.revokeObjectURL(made);
    };
  }, [person.id, turn]);
  return html`<span class="portrait">${address ? html`<img src=${address} alt="" />` : html`<${Avatar} person=${person} />`}</span>`;
}

/** What somebody chose, or null: the server draws one for who chose none, which is known by being drawn. */
async function picture(id) {
  const answer = await fetch(`/api/users/${id}/avatar`, { cache: "no-cache" });
  const blob = answer.ok ? await answer.blob() : null;
  return blob?.type.startsWith("image/svg") ? null : blob;
}

async function bring(file) {
  await renewIfDue();
  const answer = await fetch("/api/me/avatar", { method: "PUT", body: file, credentials: "same-origin" }).catch(() => null);
  if (!answer) throw Problem.network();
  if (!answer.ok) throw await Problem.from(answer);
}

export function OwnPortrait() {
  const [turn, setTurn] = useState(0);
  const picker = useRef(null);
  const changing = useSubmit(async () => {
    const [file] = picker.current.files;
    picker.current.value = "";
    if (!file) return;
    await bring(file);
    setTurn(turn + 1);
    notify(t("portrait.changed"));
  });
  const dropping = useSubmit(async () => {
    await remove("/api/me/avatar");
    setTurn(turn + 1);
    notify(t("portrait.gone"));
  });
  return html`<div class="portrait-row">
      <${Portrait} person=${me.value} turn=${turn} />
      <div class="part-buttons">
        <button type="button" class="button" onClick=${() => picker.current.click()}>${t("portrait.choose")}</button>
        <input type="file" accept=${TYPES} hidden ref=${picker} aria-label=${t("portrait.choose")} onChange=${() => changing.submit()} />
        <button type="button" class="button danger-quiet" onClick=${dropping.submit}>${t("portrait.drop")}</button>
      </div>
    </div>
    <${FormError} problem=${changing.problem ?? dropping.problem} />`;
}
