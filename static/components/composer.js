// Where messages are written. Drafts are kept for each room, also across a reload.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { post } from "../core/sending.js";
import { bodyLimit, connection, me } from "../core/state.js";
import { read, remove, write } from "../core/storage.js";
import { doneTyping, tellTyping } from "../core/typing.js";
import { html } from "../lib/html.js";
import { codePoints, trimBody } from "../lib/text.js";
import { Icon } from "./icon.js";
import { TypingLine } from "./typing-line.js";

/** On a screen keyboard, Enter begins a new line and the button sends. */
const TOUCH = matchMedia("(hover: none) and (pointer: coarse)");
const HINT_SHARE = 0.9;

const draftKey = (room) => `parlor.draft.${me.value?.id}.${room.id}`;

export function Composer({ room }) {
  const [draft, setDraft] = useState(() => read(draftKey(room), ""));
  const area = useRef(null);
  const limit = bodyLimit.value;
  const length = codePoints(trimBody(draft));
  const tooLong = length > limit;

  useLayoutEffect(() => {
    const { current } = area;
    current.style.height = "auto";
    current.style.height = `${current.scrollHeight + current.offsetHeight - current.clientHeight}px`;
  }, [draft]);

  useEffect(() => {
    if (!TOUCH.matches && !document.querySelector("dialog[open]")) area.current.focus();
  }, []);

  const change = (text) => {
    setDraft(text);
    if (text.trim() !== "") tellTyping(room.id);
    if (text === "") remove(draftKey(room));
    else write(draftKey(room), text);
  };

  const send = (event) => {
    event?.preventDefault();
    if (!tooLong && post(room, area.current.value)) {
      change("");
      doneTyping();
    }
    area.current.focus();
  };

  const onKeyDown = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.altKey) return;
    // An input method uses Enter to choose a word; 229 is how some browsers say so.
    if (event.isComposing || event.keyCode === 229 || TOUCH.matches) return;
    send(event);
  };

  return html`<form class="composer" onSubmit=${send} aria-label="Write a message">
    <div class=${`composer-box ${tooLong ? "too-long" : ""}`}>
      <label class="sr-only" for="composer">Message ${room.info.value.name}</label>
      <textarea id="composer" ref=${area} rows="1" dir="auto" autocomplete="off" enterkeyhint=${TOUCH.matches ? "enter" : "send"} placeholder=${`Message ${room.info.value.name}`}
        value=${draft} onInput=${(event) => change(event.currentTarget.value)} onKeyDown=${onKeyDown}
        aria-describedby=${length > limit * HINT_SHARE ? "composer-length" : undefined} aria-invalid=${tooLong ? "true" : undefined}></textarea>
      <button type="submit" class="send" aria-label="Send" title="Send" aria-disabled=${draft.trim() === "" || tooLong ? "true" : undefined}><${Icon} name="send" /></button>
    </div>
    ${length > limit * HINT_SHARE && html`<p class="composer-note" id="composer-length" role="status">${tooLong ? `${length - limit} characters too many` : `${limit - length} characters left`}</p>`}
    <${TypingLine} room=${room} />
    ${connection.value.phase === "waiting" && html`<p class="sr-only">Not connected. Messages are kept and sent later.</p>`}
  </form>`;
}
