// Dialog for a direct message to one or several users with a common room.

import { useEffect, useState } from "preact/hooks";
import { ensureDirectRoom } from "../core/room-actions.js";
import { loadMembers } from "../core/members.js";
import { navigate } from "../core/router.js";
import { closeDialog, me, people, roomList } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { roomPath } from "../lib/routes.js";
import { Dialog } from "./dialog.js";
import { FormError, SubmitButton, useSubmit } from "./field.js";

/** Maximum number of members that the server accepts, including the reader. */
const MAX_MEMBERS = 10;
/** Maximum numbers of rooms to load members of, and of listed users. */
const MAX_ROOMS = 20;
const MAX_LISTED = 50;

/** Loads the members of the reader's rooms if they are unknown. */
async function loadAllMembers() {
  const unknown = roomList.value.filter((room) => room.members.value === null);
  for (const room of unknown.slice(0, MAX_ROOMS)) await loadMembers(room);
}

/** Returns all other users in the reader's rooms, by name. */
function listCandidates() {
  const ids = new Set(roomList.value.flatMap((room) => [...(room.members.value?.keys() ?? [])]));
  if (me.value) ids.delete(me.value.id);
  const known = [...ids].map((id) => people.value.get(id)).filter((user) => user !== undefined);
  return known.sort((a, b) => a.display_name.localeCompare(b.display_name) || a.id - b.id);
}

export default function NewDirectMessageDialog() {
  return html`<${Dialog} title=${t("dialog.write")}><${NewDirectMessage} /><//>`;
}

function NewDirectMessage() {
  const [words, setWords] = useState("");
  /** @type {State<Set<number>>} */
  const [chosen, setChosen] = useState(new Set());
  const loading = useSubmit(loadAllMembers);
  useEffect(() => void loading.submit(), []);
  const form = useSubmit(async () => {
    if (chosen.size === 0) throw new Error(t("write.nobody"));
    const id = await ensureDirectRoom([...chosen]);
    closeDialog();
    navigate(roomPath(id));
  });

  const wanted = words.trim().replace(/^@/u, "").toLocaleLowerCase();
  /** @param {User} person */
  const isNamed = ({ username, display_name: name }) => `${username} ${name}`.toLocaleLowerCase().includes(wanted);
  const all = listCandidates();
  const found = all.filter(isNamed);
  // Selected users stay visible at their place: a box that moved would lose the focus.
  const shown = new Set(found.slice(0, MAX_LISTED));
  const listed = all.filter((person) => shown.has(person) || chosen.has(person.id));
  const isFull = chosen.size >= MAX_MEMBERS - 1;

  /** @param {number} id */
  const toggle = (id) => {
    const next = new Set(chosen);
    if (!next.delete(id) && !isFull) next.add(id);
    setChosen(next);
  };
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.key !== "Enter" || event.isComposing || wanted === "") return;
    event.preventDefault();
    const first = found.find(({ id }) => !chosen.has(id));
    if (!first || isFull) return;
    toggle(first.id);
    setWords("");
  };

  return html`<form onSubmit=${form.submit}>
    <div class="field"><label for="write-to">${t("write.label")}</label>
      <input id="write-to" type="text" autofocus autocomplete="off" dir="auto" aria-describedby="write-hint" value=${words} onInput=${(event) => setWords(event.currentTarget.value)} onKeyDown=${onKeyDown} />
      <p class="field-hint" id="write-hint">${t("write.hint")}</p></div>
    <fieldset class="choices"><legend>${t("write.people")}</legend>
      <ul class="choosing">${listed.map(
        (person) => html`<li key=${person.id}><label class="check">
          <input type="checkbox" checked=${chosen.has(person.id)} disabled=${isFull && !chosen.has(person.id)} onChange=${() => toggle(person.id)} />
          <span><bdi>${person.display_name}</bdi> <span class="faint" translate=${false}>@${person.username}</span></span>
        </label></li>`,
      )}</ul>
      ${loading.busy && html`<p class="faint">${t("dialog.loading")}</p>`}
      ${found.length === 0 && !loading.busy && html`<p class="faint">${t("write.none")}</p>`}
      ${found.length > MAX_LISTED && html`<p class="faint">${t("write.more")}</p>`}
    </fieldset>
    <p class="faint" role="status">${t("write.chosen", { n: chosen.size })}${isFull && ` ${t("write.full", { n: MAX_MEMBERS })}`}</p>
    <${FormError} problem=${form.problem ?? loading.problem} />
    <div class="form-foot"><${SubmitButton} busy=${form.busy}>${t("write.do")}<//></div>
  </form>`;
}
