// The composer. Drafts are stored for each room.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { loadDraft, saveDraft } from "../core/drafts.js";
import { editMessage } from "../core/messages.js";
import { preferences } from "../core/preferences.js";
import { sendMessage } from "../core/sending.js";
import { bodyLimit, connection, me, now, people } from "../core/state.js";
import { resetTyping, sendTyping, sendTypingStopped, typingUsers } from "../core/typing.js";
import { html } from "../lib/html.js";
import { formatList, t } from "../lib/i18n.js";
import { codePoints, trimBody } from "../lib/text.js";
import { fullTime } from "../lib/time.js";
import { Icon, IconButton } from "./icon.js";
import { lazy, showLoadError } from "./lazy.js";
import { nameOf } from "./message-parts.js";

/** On a touch keyboard, Enter starts a new line and the button sends. */
const TOUCH = matchMedia("(hover: none) and (pointer: coarse)");
const HINT_SHARE = 0.9;
/** A word that may be completed; and a line that is a command. What they are is known to what is fetched for them. */
const COMPLETABLE = /(?:^|[\s(])[@:/][^\s]*$/u;
/** Every line like one is taken for a command, so that a mistyped one is not published. `/me` is sent as it is. */
const COMMAND = /^\/(?!me(?:\s|$))[\p{L}\p{N}_]/iu;
/** `//x` sends `/x`, as at a terminal. */
const ESCAPED = /^\/(?=\/[\p{L}\p{N}_])/u;

const CARET_KEYS = new Set(["ArrowLeft", "ArrowRight", "Home", "End"]);

const Uploads = lazy(async () => (await import("./uploads.js")).Uploads);
const RefusedLine = lazy(async () => (await import("./refused-line.js")).RefusedLine);
/** Without the server there are no suggestions. */
const Completion = lazy(
  async () => (await import("./completion.js")).Completion,
  () => {},
);

function enterSends() {
  const { enter } = preferences.value;
  return enter === "auto" ? !TOUCH.matches : enter === "send";
}

/**
 * `attachFiles.current` is set to a function that takes the files which are dropped into the room.
 * @param {{ room: Room; attachFiles: { current: ((files: File[]) => void) | null } }} props
 */
export function Composer({ room, attachFiles }) {
  /** @type {State<string>} */
  const [draft, setDraft] = useState(() => loadDraft(room));
  /** @type {State<Upload[]>} */
  const [uploads, setUploads] = useState([]);
  /** @type {State<string | null>} */
  const [before, setBefore] = useState(null);
  /** @type {State<string | null>} */
  const [active, setActive] = useState(null);
  /** @type {State<Refusal | null>} */
  const [refusal, setRefusal] = useState(null);
  /** @type {{ current: HTMLTextAreaElement }} */
  const area = useRef(null);
  /** @type {{ current: ((event: KeyboardEvent) => boolean) | null }} */
  const keys = useRef(null);
  /** @type {{ current: HTMLInputElement }} */
  const picker = useRef(null);
  const editing = room.editing.value;
  const replying = room.replying.value;
  const limit = bodyLimit.value;
  const length = codePoints(trimBody(draft));
  const tooLong = length > limit;
  const uploading = uploads.some(({ state }) => state !== "ready");
  const isEmpty = draft.trim() === "" && uploads.length === 0;
  const cannotSend = isEmpty || tooLong || uploading;

  useLayoutEffect(() => {
    const { current } = area;
    current.style.height = "auto";
    current.style.height = `${current.scrollHeight + current.offsetHeight - current.clientHeight}px`;
  }, [draft]);

  useEffect(() => {
    if (!TOUCH.matches && !document.querySelector("dialog[open]")) area.current.focus();
  }, []);

  // The edited message replaces the draft until the edit ends.
  useEffect(() => {
    setDraft(editing ? editing.body : loadDraft(room));
  }, [editing]);

  /** @param {string} text */
  const change = (text) => {
    setDraft(text);
    setRefusal(null);
    if (editing) return;
    if (text.trim() !== "") sendTyping(room.id);
    else sendTypingStopped(room.id);
    saveDraft(room, text);
  };

  const cancel = () => {
    room.resetComposer();
    area.current.focus();
  };

  const save = async () => {
    if (!editing) return;
    const body = trimBody(area.current.value);
    if (body === editing.body || (await editMessage(editing, body))) cancel();
  };

  /** @param {Event} [event] */
  const send = (event) => {
    event?.preventDefault();
    area.current.focus();
    if (tooLong || uploading) return;
    if (editing) {
      if (!isEmpty) void save();
      return;
    }
    const body = trimBody(area.current.value);
    if (isEmpty) return;
    setBefore(null);
    if (COMMAND.test(body)) void runCommand(body);
    else sendText(body.replace(ESCAPED, ""));
  };

  /** @param {string} body */
  const sendText = (body) => {
    const written = area.current.value;
    // The draft is deleted once the message is saved.
    void sendMessage(room, body, {
      replyTo: replying,
      files: uploads.map(({ file }) => file).filter((file) => file !== null),
    }).then((isSaved) => isSaved && dropDraft(written));
    setDraft("");
    setUploads([]);
    setRefusal(null);
    room.resetComposer();
    resetTyping();
  };

  /** @param {string} written */
  const dropDraft = (written) => loadDraft(room) === written && saveDraft(room, "");

  /** @param {string} line */
  const runCommand = async (line) => {
    const written = area.current.value;
    const outcome = await import("../core/commands.js").then(
      ({ execute }) => execute(room, line, { withFiles: uploads.length > 0 }),
      showLoadError,
    );
    // The command may have opened another room.
    const isThere = area.current?.value === written;
    if (outcome === true) {
      dropDraft(written);
      if (isThere) change("");
    } else if (outcome && isThere) setRefusal(outcome);
  };

  /** @param {string} name */
  const replaceCommand = async (name) => {
    const { withCommand } = await import("../lib/command-line.js");
    change(withCommand(trimBody(area.current.value), name));
    area.current.focus();
  };

  /**
   * The word before the caret, if it is one that may be completed.
   * @param {{ currentTarget: HTMLTextAreaElement }} event
   */
  const updateCompletion = ({ currentTarget: { value, selectionStart, selectionEnd } }) => {
    const text = value.slice(0, selectionStart);
    setBefore(selectionStart === selectionEnd && COMPLETABLE.test(text) ? text : null);
  };

  /**
   * @param {number} from
   * @param {string} text
   */
  const complete = (from, text) => {
    area.current.setRangeText(text, from, area.current.selectionStart, "end");
    change(area.current.value);
    setBefore(null);
  };

  /** @param {File[]} files */
  const attach = async (files) => {
    if (files.length === 0 || editing) return;
    const { uploadFiles } = await import("../core/uploads.js");
    uploadFiles(room, files, uploads.length, setUploads);
  };

  attachFiles.current = attach;

  /** @param {ClipboardEvent} event */
  const onPaste = (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    void attach(files);
  };

  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    // An input method uses Enter to choose a word; 229 is how some browsers say so.
    if (event.isComposing || event.keyCode === 229) return;
    if (before !== null && keys.current?.(event)) return;
    if (CARET_KEYS.has(event.key)) setBefore(null);
    if (event.key === "Escape" && (editing || replying || refusal)) {
      event.preventDefault();
      if (refusal) setRefusal(null);
      else cancel();
    } else if (event.key === "ArrowUp" && draft === "" && !editing) {
      const last = room.timeline
        .list()
        .findLast(({ kind, author, deleted_at: gone }) => kind === "text" && author?.id === me.value?.id && !gone);
      if (!last) return;
      event.preventDefault();
      room.startEditing(last);
    } else if (event.key === "Enter" && !event.shiftKey && !event.altKey && enterSends()) {
      send(event);
    }
  };

  const label = t("composer.label", { room: room.info.value.name });
  return html`<form class="composer" onSubmit=${send} aria-label=${t("composer.form")}>
    <${ComposerMode} editing=${editing} replying=${replying} leave=${cancel} />
    ${refusal && html`<${RefusedLine} refusal=${refusal} sendAsText=${() => (sendText(trimBody(area.current.value)), area.current.focus())} replace=${replaceCommand} close=${() => (setRefusal(null), area.current.focus())} />`}
    ${uploads.length > 0 && html`<${Uploads} uploads=${uploads} />`}
    ${before !== null && html`<${Completion} room=${room} before=${before} complete=${complete} close=${() => setBefore(null)} keys=${keys} setActive=${setActive} />`}
    <div class=${`composer-box ${tooLong ? "too-long" : ""}`}>
      ${
        !editing &&
        html`<${IconButton} icon="plus" label=${t("composer.attach")} onClick=${() => picker.current.click()} />
        <input type="file" multiple hidden ref=${picker} onChange=${({ currentTarget }) => {
          void attach([...currentTarget.files]);
          currentTarget.value = "";
        }} />`
      }
      <label class="sr-only" for="composer">${label}</label>
      <textarea id="composer" ref=${area} rows="1" dir="auto" autocomplete="off" enterkeyhint=${TOUCH.matches ? "enter" : "send"} placeholder=${label}
        role=${active ? "combobox" : undefined} aria-expanded=${active ? "true" : undefined} aria-controls=${active ? "completion" : undefined}
        aria-autocomplete=${active ? "list" : undefined} aria-activedescendant=${active ?? undefined}
        value=${draft} onInput=${(event) => (change(event.currentTarget.value), updateCompletion(event))} onClick=${updateCompletion} onBlur=${() => setBefore(null)} onKeyDown=${onKeyDown} onPaste=${onPaste}
        aria-describedby=${length > limit * HINT_SHARE ? "composer-length" : undefined} aria-invalid=${tooLong ? "true" : undefined}></textarea>
      <button type="submit" class="send" aria-label=${t(editing ? "composer.save" : "composer.send")} title=${t(editing ? "composer.save" : "composer.send")} aria-disabled=${cannotSend ? "true" : undefined}><${Icon} name=${editing ? "check" : "send"} /></button>
    </div>
    ${length > limit * HINT_SHARE && html`<p class="composer-note" id="composer-length" role="status">${tooLong ? t("composer.too-long", { n: length - limit }) : t("composer.left", { n: limit - length })}</p>`}
    <${RestrictionNote} room=${room} />
    <${TypingLine} room=${room} />
    ${connection.value.phase === "waiting" && html`<p class="sr-only">${t("composer.offline")}</p>`}
  </form>`;
}

/**
 * Returns why a message would be refused now.
 * @param {{ room: Room }} props
 */
function RestrictionNote({ room }) {
  const { locked, muted_until: muted } = room.info.value;
  if (room.canModerate) return null;
  const isMuted = muted && Date.parse(muted) > now.value;
  if (!locked && !isMuted) return null;
  return html`<p class="composer-note" role="status">${locked ? t("composer.locked") : t("composer.muted", { time: fullTime(muted ?? "") })}</p>`;
}

/**
 * Shows that the text is an edit or a reply.
 * @param {{ editing: Message | null; replying: Message | null; leave?: () => void; cancel?: () => void }} props
 */
function ComposerMode({ editing, replying, leave }) {
  if (!editing && !replying) return null;
  return html`<div class="purpose">
    <${Icon} name=${editing ? "pencil" : "reply"} />
    <p>${editing ? t("composer.editing") : t("composer.replying", { name: nameOf(replying?.author) })}${replying && html` <span class="faint" dir="auto">${replying.body.slice(0, 140)}</span>`}</p>
    <${IconButton} icon="close" label=${t("dialog.cancel")} onClick=${leave} />
  </div>`;
}

/** More names than this are "several people". */
const MAX_NAMES = 3;

/**
 * The typing indicator. Its space is reserved, so that nothing moves.
 * @param {{ room: Room }} props
 */
function TypingLine({ room }) {
  const ids = typingUsers(room.id);
  const names = ids.map((id) => people.value.get(id)?.display_name ?? t("announce.someone"));
  const text =
    ids.length === 0
      ? ""
      : ids.length > MAX_NAMES
        ? t("typing.several")
        : t("typing.names", { n: ids.length, names: formatList(names) });
  return html`<p class="typing" dir="auto">${text}</p>`;
}
