// Dialogs of a message, and the pins of a room.

import { useEffect, useState } from "preact/hooks";
import { closeDialog } from "../core/state.js";
import { showToast } from "../core/toast.js";
import { get, post } from "../core/api.js";
import { deleteMessage, setReaction } from "../core/messages.js";
import { navigate } from "../core/router.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { messagePath } from "../lib/routes.js";
import { fullTime } from "../lib/time.js";
import { Dialog } from "./dialog.js";
import { Field, FormError, SubmitButton, useSubmit } from "./field.js";
import { Markdown } from "./markdown.js";
import { nameOf } from "./message-parts.js";

/** @type {Record<string, (props: any) => View>} */
const DIALOGS = { erase: DeleteMessage, versions: Versions, report: Report, emoji: EmojiPicker, pins: Pins };

/** @param {{ name: string; room: Room; message?: Message }} props */
export default function MessageDialog({ name, room, message }) {
  return html`<${Dialog} title=${t(`dialog.${name}`)}><${DIALOGS[name]} room=${room} message=${message} /><//>`;
}

/** @param {Message} message */
const pathOf = (message) => `/api/rooms/${message.room_id}/messages/${message.seq}`;

/** @param {{ message: Message }} props */
function DeleteMessage({ message }) {
  const form = useSubmit(async () => {
    if (await deleteMessage(message)) closeDialog();
  });
  return html`<form onSubmit=${form.submit}>
    <blockquote class="excerpt" dir="auto">${message.body.slice(0, 300)}</blockquote>
    <p>${t("erase.text")}</p>
    <div class="form-foot">
      <button type="button" class="button" onClick=${closeDialog}>${t("dialog.cancel")}</button>
      <${SubmitButton} busy=${form.busy} class="danger">${t("tools.erase")}<//>
    </div>
  </form>`;
}

/** @param {{ message: Message }} props */
function Report({ message }) {
  const form = useSubmit(async ({ reason }) => {
    await post(`${pathOf(message)}/report`, { reason: reason.trim() });
    closeDialog();
    showToast(t("report.done"));
  });
  return html`<form onSubmit=${form.submit}>
    <blockquote class="excerpt" dir="auto">${message.body.slice(0, 300)}</blockquote>
    <${Field} as="textarea" label=${t("report.reason")} name="reason" rows="3" maxlength="500" dir="auto" error=${form.fields.reason} />
    <${FormError} problem=${form.problem} known=${["reason"]} />
    <div class="form-foot"><${SubmitButton} busy=${form.busy}>${t("report.send")}<//></div>
  </form>`;
}

/**
 * Returns the answer of a GET: `undefined` while it is pending, a Problem if it failed.
 * @param {string} path
 * @returns {[Answer, () => void]}
 */
function useAnswer(path) {
  /** @type {State<Answer>} */
  const [answer, setAnswer] = useState(undefined);
  const load = () => {
    setAnswer(undefined);
    get(path).then(setAnswer, setAnswer);
  };
  useEffect(load, [path]);
  return [answer, load];
}

/** @param {{ answer: Answer; again: () => void; empty: string; children: (items: Json[]) => View }} props */
function Loaded({ answer, again, empty, children }) {
  if (answer === undefined) return html`<p class="faint" role="status">${t("dialog.loading")}</p>`;
  if (answer instanceof Error) {
    return html`<div role="alert"><p>${answer.message}</p><button type="button" class="button" onClick=${again}>${t("dialog.again")}</button></div>`;
  }
  return answer.items.length === 0 ? html`<p class="faint">${empty}</p>` : children(answer.items);
}

/** @param {{ message: Message }} props */
function Versions({ message }) {
  const [answer, again] = useAnswer(`${pathOf(message)}/history`);
  return html`<${Loaded} answer=${answer} again=${again} empty=${t("versions.none")}>
    ${(/** @type {{ body: string; written_at: string; author: User | null }[]} */ items) => html`<ol class="versions">${items.map((item) => html`<li><p class="faint"><time datetime=${item.written_at}>${fullTime(item.written_at)}</time></p><div class="body" dir="auto"><${Markdown} message=${item} /></div></li>`)}</ol>`}
  <//>`;
}

/** @param {{ room: Room }} props */
function Pins({ room }) {
  const [answer, again] = useAnswer(`/api/rooms/${room.id}/pins`);
  /** @param {Message} message */
  const open = (message) => {
    closeDialog();
    navigate(messagePath(room.id, message.seq));
  };
  return html`<${Loaded} answer=${answer} again=${again} empty=${t("pins.none")}>
    ${(/** @type {Message[]} */ items) =>
      html`<ol class="versions">${items.map(
        (message) => html`<li key=${message.seq}>
          <p class="byline"><bdi class="author">${nameOf(message.author)}</bdi> <time class="faint" datetime=${message.created_at}>${fullTime(message.created_at)}</time></p>
          <div class="body" dir="auto"><${Markdown} message=${message} /></div>
          <button type="button" class="link" onClick=${() => open(message)}>${t("pins.open")}</button>
        </li>`,
      )}</ol>`}
  <//>`;
}

/**
 * Emoji by the words they are found under, in the order of how often people use them.
 * @param {{ message: Message }} props
 */
function EmojiPicker({ message }) {
  const [words, setWords] = useState("");
  /** @type {State<[string, string][]>} */
  const [all, setAll] = useState([]);
  useEffect(() => void import("../lib/emoji.js").then(({ EMOJI }) => setAll(EMOJI), setAll), []);
  const wanted = words.trim().toLowerCase();
  const typed = /^\p{Extended_Pictographic}/u.test(wanted) ? [[wanted, ""]] : [];
  const found = all.filter(([, names]) => names.includes(wanted));
  /** @param {string} emoji */
  const choose = async (emoji) => {
    if (await setReaction(message, emoji, true)) closeDialog();
  };
  return html`<div>
    <div class="field"><label for="emoji-search">${t("emoji.search")}</label>
      <input id="emoji-search" type="search" autocomplete="off" autofocus value=${words} onInput=${(event) => setWords(event.currentTarget.value)} /></div>
    <ul class="emoji-grid" aria-label=${t("dialog.emoji")}>
      ${[...typed, ...found].map(([emoji, names]) => html`<li key=${emoji}><button type="button" lang=${names ? "en" : undefined} title=${names} aria-label=${names || emoji} onClick=${() => choose(emoji)}>${emoji}</button></li>`)}
    </ul>
    ${all.length > 0 && typed.length + found.length === 0 && html`<p class="faint">${t("emoji.none")}</p>`}
  </div>`;
}
