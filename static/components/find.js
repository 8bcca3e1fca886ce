// Finding: rooms and people by name, messages by their words; and the keys that lead here.

import { useEffect, useRef, useState } from "preact/hooks";
import { notify } from "../core/announce.js";
import { get } from "../core/api.js";
import { alone } from "../core/housekeeping.js";
import { navigate } from "../core/router.js";
import { SHORTCUTS, nameOfKey } from "../core/shortcuts.js";
import { me, people, roomList } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { messagePath, roomPath } from "../lib/routes.js";
import { fullTime } from "../lib/time.js";
import { Dialog, closeDialog } from "./dialog.js";
import { FormError, useSubmit } from "./field.js";
import { Icon, iconOf } from "./icon.js";
import { nameOf } from "./message-parts.js";

const DIALOGS = { switcher: Switcher, search: Search, keyboard: Keyboard };
const MOST_ROOMS = 12;
const MOST_PEOPLE = 5;

export default function FindDialog({ name }) {
  return html`<${Dialog} title=${t(`dialog.${name}`)} wide=${name === "search"}><${DIALOGS[name]} /><//>`;
}

function go(path) {
  closeDialog();
  navigate(path);
}

/** Rooms whose name has these letters, the ones that begin with them first. */
function matching(words) {
  const wanted = words.trim().toLocaleLowerCase();
  const found = roomList.value
    .map((room) => ({ room, at: room.info.value.name.toLocaleLowerCase().indexOf(wanted) }))
    .filter(({ at }) => at >= 0);
  found.sort((a, b) => (b.room.unread.value > 0) - (a.room.unread.value > 0) || a.at - b.at);
  return found.slice(0, MOST_ROOMS).map(({ room }) => room);
}

/** People with these letters in their names; only where some were typed. */
function peopleNamed(words) {
  const wanted = words.trim().replace(/^@/u, "").toLocaleLowerCase();
  if (wanted === "") return [];
  const others = [...people.value.values()].filter(({ id }) => id !== me.value?.id);
  return others
    .filter(({ username, display_name: name }) => `${username} ${name}`.toLocaleLowerCase().includes(wanted))
    .slice(0, MOST_PEOPLE);
}

/** Returns the entries of the switcher: `{key, icon, name, badge, go}`. */
function targets(words) {
  const found = matching(words).map((room) => ({
    key: `switch-${room.id}`,
    icon: iconOf(room.info.value.kind),
    name: room.info.value.name,
    badge: room.unread.value,
    go: () => go(roomPath(room.id)),
  }));
  // Users with a direct room are listed already, as the name of that room.
  const named = new Set(found.map(({ name }) => name));
  const persons = peopleNamed(words).filter(({ display_name: name }) => !named.has(name));
  return [
    ...found,
    ...persons.map((person) => ({
      key: `write-${person.id}`,
      icon: "send",
      name: person.display_name,
      about: `@${person.username}`,
      badge: 0,
      go: () => write(person),
    })),
  ];
}

async function write({ id }) {
  try {
    go(roomPath(await alone([id])));
  } catch (problem) {
    notify(problem.message, "bad");
  }
}

function Switcher() {
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const found = targets(words);
  const chosen = Math.min(at, found.length - 1);
  const onKeyDown = (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length > 0) {
      event.preventDefault();
      setAt((chosen + step + found.length) % found.length);
    } else if (event.key === "Enter" && found[chosen]) {
      event.preventDefault();
      void found[chosen].go();
    }
  };
  return html`<div class="field">
      <label for="switcher">${t("switcher.label")}</label>
      <input id="switcher" type="text" role="combobox" autofocus autocomplete="off" dir="auto" aria-expanded="true" aria-controls="switcher-list" aria-activedescendant=${found[chosen]?.key}
        value=${words} onInput=${(event) => (setWords(event.currentTarget.value), setAt(0))} onKeyDown=${onKeyDown} />
    </div>
    <ul class="choices-list" id="switcher-list" role="listbox" aria-label=${t("switcher.rooms")}>
      ${found.map(
        (
          target,
          index,
        ) => html`<li key=${target.key} id=${target.key} role="option" aria-selected=${String(index === chosen)} onClick=${() => void target.go()}>
          <${Icon} name=${target.icon} /><bdi>${target.name}</bdi>
          ${target.about && html`<span class="faint" translate=${false}>${target.about}</span>`}
          ${target.badge > 0 && html`<span class="badge">${target.badge}</span>`}
        </li>`,
      )}
    </ul>
    ${found.length === 0 && html`<p class="faint">${t("switcher.none")}</p>`}`;
}

function Search() {
  const [found, setFound] = useState(null);
  const asked = useRef("");
  const search = async (words, cursor) => {
    asked.current = words;
    const query = new URLSearchParams({ q: words, ...(cursor ? { cursor } : {}) });
    const answer = await get(`/api/search?${query}`);
    if (asked.current === words)
      setFound((before) => ({
        words,
        next: answer.next,
        items: cursor ? [...before.items, ...answer.items] : answer.items,
      }));
  };
  const form = useSubmit(({ words }) => (words.trim() === "" ? undefined : search(words.trim())));
  const more = useSubmit(() => search(found.words, found.next));
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

function Hit({ hit: { room_id: roomId, room_name: roomName, message, ranges } }) {
  const open = (event) => {
    event.preventDefault();
    go(messagePath(roomId, message.seq));
  };
  return html`<li><a class="hit" href=${messagePath(roomId, message.seq)} onClick=${open}>
    <span class="byline"><bdi class="author">${nameOf(message.author)}</bdi> <span class="faint"><bdi>${roomName}</bdi>, <time datetime=${message.created_at}>${fullTime(message.created_at)}</time></span></span>
    <span class="hit-text" dir="auto">${marked(message.body, ranges)}</span>
  </a></li>`;
}

const BEFORE = 60;
const MOST = 280;

/** The text around the first hit; ranges count characters, not UTF-16 units. */
function marked(body, ranges) {
  const letters = [...body];
  const from = Math.max(0, (ranges[0]?.[0] ?? 0) - BEFORE);
  const to = Math.min(letters.length, from + MOST);
  const pieces = [from > 0 ? "…" : ""];
  let at = from;
  for (const [start, end] of ranges) {
    if (start < at || end > to) continue;
    pieces.push(letters.slice(at, start).join(""), html`<mark>${letters.slice(start, end).join("")}</mark>`);
    at = end;
  }
  return [...pieces, letters.slice(at, to).join(""), to < letters.length ? "…" : ""];
}

function Keyboard() {
  const groups = Map.groupBy(SHORTCUTS, ({ group }) => group);
  return [...groups].map(
    ([group, shortcuts]) => html`<section class="part" key=${group}>
      <h3>${t(group)}</h3>
      <dl class="keys">${shortcuts.map(({ keys, label }) => html`<div><dt>${t(label)}</dt><dd>${keys.map((key) => html`<kbd>${t(nameOfKey(key))}</kbd> `)}</dd></div>`)}</dl>
    </section>`,
  );
}
