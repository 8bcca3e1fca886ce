// Search for messages.

import { useRef, useState } from "preact/hooks";
import { get } from "../core/api.js";
import { navigate } from "../core/router.js";
import { closeDialog } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { messagePath } from "../lib/routes.js";
import { fullTime } from "../lib/time.js";
import { Dialog } from "./dialog.js";
import { FormError, useSubmit } from "./field.js";
import { nameOf } from "./message-parts.js";

export default function SearchDialog() {
  return html`<${Dialog} title=${t("dialog.search")} wide><${Search} /><//>`;
}

function Search() {
  /** @type {State<SearchResult | null>} */
  const [found, setFound] = useState(null);
  const asked = useRef("");
  /**
   * @param {string} words
   * @param {string} [cursor]
   */
  const search = async (words, cursor) => {
    asked.current = words;
    const query = new URLSearchParams({ q: words, ...(cursor ? { cursor } : {}) });
    const answer = await get(`/api/search?${query}`);
    if (asked.current === words)
      setFound((before) => ({
        words,
        next: answer.next,
        items: cursor && before ? [...before.items, ...answer.items] : answer.items,
      }));
  };
  const form = useSubmit(({ words }) => (words.trim() === "" ? undefined : search(words.trim())));
  const more = useSubmit(() => found?.next && search(found.words, found.next));
  return html`<form class="inline-form" role="search" onSubmit=${form.submit}>
      <div class="field"><label for="search">${t("search.label")}</label>
        <input id="search" name="words" type="search" autofocus autocomplete="off" dir="auto" maxlength="512" aria-describedby="search-help" /></div>
      <button type="submit" class="button primary" aria-disabled=${form.busy ? "true" : undefined}>${t("search.do")}</button>
    </form>
    <p class="faint" id="search-help">${t("search.help")} <code>from:ada in:lobby before:2026-01-31 after:2025-12-01 has:file</code></p>
    <${FormError} problem=${form.problem} />
    <p class="sr-only" role="status">${form.busy ? t("dialog.loading") : found && t("search.found", { n: found.items.length })}</p>
    ${found && found.items.length === 0 && !found.next && html`<p class="faint">${t("search.none")}</p>`}
    <ol class="hits">${found?.items.map((hit) => html`<${Hit} key=${`${hit.room_id}-${hit.message.seq}`} hit=${hit} />`)}</ol>
    <${FormError} problem=${more.problem} />
    ${found?.next && html`<button type="button" class="button" onClick=${more.submit}>${t("search.more")}</button>`}`;
}

/** @param {{ hit: SearchHit }} props */
function Hit({ hit: { room_id: roomId, room_name: roomName, message, ranges } }) {
  /** @param {Event} event */
  const open = (event) => {
    event.preventDefault();
    closeDialog();
    navigate(messagePath(roomId, message.seq));
  };
  return html`<li><a class="hit" href=${messagePath(roomId, message.seq)} onClick=${open}>
    <span class="byline"><bdi class="author">${nameOf(message.author)}</bdi> <span class="faint"><bdi>${roomName}</bdi>, <time datetime=${message.created_at}>${fullTime(message.created_at)}</time></span></span>
    <span class="hit-text" dir="auto">${excerpt(message.body, ranges)}</span>
  </a></li>`;
}

const CHARS_BEFORE = 60;
const MAX_CHARS = 280;

/**
 * The text around the first hit; ranges count characters, not UTF-16 units.
 * @param {string} body
 * @param {[number, number][]} ranges
 */
function excerpt(body, ranges) {
  const letters = [...body];
  const from = Math.max(0, (ranges[0]?.[0] ?? 0) - CHARS_BEFORE);
  const to = Math.min(letters.length, from + MAX_CHARS);
  /** @type {View[]} */
  const pieces = [from > 0 ? "…" : ""];
  let at = from;
  for (const [start, end] of ranges) {
    if (start < at || end > to) continue;
    pieces.push(letters.slice(at, start).join(""), html`<mark>${letters.slice(start, end).join("")}</mark>`);
    at = end;
  }
  return [...pieces, letters.slice(at, to).join(""), to < letters.length ? "…" : ""];
}
