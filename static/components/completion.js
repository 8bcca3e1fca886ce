// The list above the composer that offers names, emoji and commands. The field keeps the focus.

import { useEffect, useLayoutEffect, useMemo, useState } from "preact/hooks";
import { COMMANDS } from "../core/commands.js";
import { loadMembers } from "../core/members.js";
import { people } from "../core/state.js";
import { bestMatches, queryAtCaret } from "../lib/completion.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Avatar } from "./avatar.js";

export const LIST = "completion";
/** @param {number} index */
const optionId = (index) => `${LIST}-${index}`;

/**
 * Suggestions, each with the text that replaces the typed word.
 * @type {Record<"/" | "@" | ":", (room: Room, emoji: [string, string][]) => Choice[]>}
 */
const CHOICES = {
  "/": () =>
    COMMANDS.map(({ name, takes, about }) => ({
      names: [name],
      text: `/${name} `,
      shown: html`<span class="option-name">/${name}${takes && html` <span class="faint">${t(takes)}</span>`}</span> <span class="faint">${t(about)}</span>`,
    })),
  "@": (room) => {
    const members = [...(room.members.value?.values() ?? [])].map(({ user }) => ({
      ...user,
      ...people.value.get(user.id),
    }));
    const named = members.map((user) => ({
      names: [user.username, ...user.display_name.split(/\s+/u)],
      text: `@${user.username} `,
      shown: html`<${Avatar} person=${user} /><bdi class="option-name">${user.display_name}</bdi> <span class="faint" translate=${false}>@${user.username}</span>`,
    }));
    if (room.canModerate)
      named.push({
        names: ["room"],
        text: "@room ",
        shown: html`<span class="option-name" translate=${false}>@room</span> <span class="faint">${t("completion.everybody")}</span>`,
      });
    return named;
  },
  ":": (_, emoji) =>
    emoji.map(([letter, names]) => ({
      names: names.split(" "),
      text: `${letter} `,
      shown: html`<span class="option-emoji">${letter}</span> <span lang="en" class="option-name">${names.split(" ")[0]}</span>`,
    })),
};

/**
 * `before` is the text up to the caret. `complete(from, text)` puts a choice in its place, `close()` gives it up.
 * `keys.current` is given the keys first, and `setActive` the id of the option that is chosen now, or null.
 * @param {CompletionProps} props
 */
export function Completion({ room, before, complete, close, keys, setActive }) {
  /** @type {State<[string, string][]>} */
  const [emoji, setEmoji] = useState([]);
  const [at, setAt] = useState(0);
  const query = useMemo(() => queryAtCaret(before), [before]);
  const kind = query?.kind;
  useEffect(() => {
    if (kind === ":")
      import("../lib/emoji.js").then(
        ({ EMOJI }) => setEmoji(EMOJI),
        () => {},
      );
    if (kind === "@" && room.members.value === null) loadMembers(room).catch(() => {});
  }, [kind]);
  useEffect(() => setAt(0), [before]);

  /** @type {Choice[]} */
  const options = query ? bestMatches(CHOICES[query.kind](room, emoji), query.words) : [];
  const chosen = Math.min(at, options.length - 1);
  /** @param {Choice} option */
  const choose = (option) => query && complete(query.from, option.text);

  useLayoutEffect(() => {
    setActive(options.length > 0 ? optionId(chosen) : null);
    keys.current = (event) => {
      if (options.length === 0 || event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return false;
      // A complete word needs no completion: Enter sends the message.
      const isWhole = options[chosen].text.trim() === before.slice(query?.from);
      const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      if (step) setAt((chosen + step + options.length) % options.length);
      else if (event.key === "Tab" || (event.key === "Enter" && !isWhole)) choose(options[chosen]);
      else if (event.key === "Escape") close();
      else return false;
      event.preventDefault();
      return true;
    };
  });
  useLayoutEffect(
    () => () => {
      keys.current = null;
      setActive(null);
    },
    [],
  );

  if (options.length === 0) return null;
  return html`<ul class="completion" id=${LIST} role="listbox" aria-label=${t("completion.label")} onPointerDown=${(event) => event.preventDefault()}>
    ${options.map((option, index) => html`<li key=${option.text} id=${optionId(index)} role="option" aria-selected=${String(index === chosen)} onClick=${() => choose(option)}>${option.shown}</li>`)}
  </ul>`;
}
