// The switcher: rooms and users by their names.

import { useState } from "preact/hooks";
import { ensureDirectRoom } from "../core/room-actions.js";
import { navigate } from "../core/router.js";
import { closeDialog, me, people, roomList } from "../core/state.js";
import { showProblem } from "../core/toast.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { roomPath } from "../lib/routes.js";
import { Dialog } from "./dialog.js";
import { Icon, iconOf } from "./icon.js";

const MAX_ROOMS = 12;
const MAX_USERS = 5;

export default function SwitcherDialog() {
  return html`<${Dialog} title=${t("dialog.switcher")}><${Switcher} /><//>`;
}

/** @param {string} path */
function go(path) {
  closeDialog();
  navigate(path);
}

/**
 * Returns rooms whose name contains the text, those that begin with it first.
 * @param {string} words
 */
function roomsNamed(words) {
  const wanted = words.trim().toLocaleLowerCase();
  const found = roomList.value
    .map((room) => ({ room, at: room.info.value.name.toLocaleLowerCase().indexOf(wanted) }))
    .filter(({ at }) => at >= 0);
  found.sort((a, b) => Number(b.room.unread.value > 0) - Number(a.room.unread.value > 0) || a.at - b.at);
  return found.slice(0, MAX_ROOMS).map(({ room }) => room);
}

/**
 * Returns users whose name contains the text, or none without text.
 * @param {string} words
 */
function usersNamed(words) {
  const wanted = words.trim().replace(/^@/u, "").toLocaleLowerCase();
  if (wanted === "") return [];
  const others = [...people.value.values()].filter(({ id }) => id !== me.value?.id);
  return others
    .filter(({ username, display_name: name }) => `${username} ${name}`.toLocaleLowerCase().includes(wanted))
    .slice(0, MAX_USERS);
}

/**
 * Returns the entries of the switcher: `{key, icon, name, badge, go}`.
 * @param {string} words
 * @returns {SwitcherTarget[]}
 */
function listTargets(words) {
  const found = roomsNamed(words).map((room) => ({
    key: `switch-${room.id}`,
    icon: iconOf(room.info.value.kind),
    name: room.info.value.name,
    badge: room.unread.value,
    go: () => go(roomPath(room.id)),
  }));
  // Users with a direct room are listed already, as the name of that room.
  const named = new Set(found.map(({ name }) => name));
  const users = usersNamed(words).filter(({ display_name: name }) => !named.has(name));
  return [
    ...found,
    ...users.map((person) => ({
      key: `write-${person.id}`,
      icon: "send",
      name: person.display_name,
      about: `@${person.username}`,
      badge: 0,
      go: () => openDirectRoom(person),
    })),
  ];
}

/** @param {User} user */
async function openDirectRoom({ id }) {
  try {
    go(roomPath(await ensureDirectRoom([id])));
  } catch (problem) {
    showProblem(problem);
  }
}

function Switcher() {
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const found = listTargets(words);
  const chosen = Math.min(at, found.length - 1);
  /** @param {KeyboardEvent} event */
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
