// Settings of a room: those of each member, and those of owners and moderators.

import { useEffect, useState } from "preact/hooks";
import { showToast } from "../core/toast.js";
import { get, post, remove } from "../core/api.js";
import { copyText } from "../core/clipboard.js";
import { changeRoom, setNotificationLevel } from "../core/room-actions.js";
import { now } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { invitePath } from "../lib/routes.js";
import { fullTime } from "../lib/time.js";
import { Field, FormError, SubmitButton, useSubmit } from "./field.js";
import { QrCode } from "./qr-code.js";

const LEVELS = ["all", "mentions", "none"];
const SLOW_MODE_SECONDS = [0, 5, 30, 60, 300, 3600];
const EXPIRY_SECONDS = [0, 3600, 86400, 604800];

/**
 * Choice of the messages that notify the reader.
 * @param {{ room: Room }} props
 */
export function NotificationLevel({ room }) {
  /** @type {State<Problem | null>} */
  const [problem, setProblem] = useState(null);
  /** @param {{ currentTarget: HTMLSelectElement }} event */
  const choose = async (event) => {
    try {
      await setNotificationLevel(room, /** @type {NotificationLevel} */ (event.currentTarget.value));
      setProblem(null);
    } catch (refusal) {
      setProblem(/** @type {Problem} */ (refusal));
    }
  };
  return html`<section class="part">
    <h3>${t("level.heading")}</h3>
    <div class="field"><label for="notify-level">${t("level.label")}</label>
      <select id="notify-level" value=${room.info.value.notify ?? "all"} onChange=${choose}>${LEVELS.map((level) => html`<option value=${level}>${t(`level.${level}`)}</option>`)}</select></div>
    <${FormError} problem=${problem} />
  </section>`;
}

/**
 * Restrictions of posting: slow mode and lock.
 * @param {{ room: Room }} props
 */
export function PostingRestrictions({ room }) {
  const { slow_mode_s: slow = 0, locked = false } = room.info.value;
  /** @type {State<Problem | null>} */
  const [problem, setProblem] = useState(null);
  /** @param {Partial<RoomInfo>} change */
  const save = (change) => changeRoom(room, change).then(() => setProblem(null), setProblem);
  const spans = SLOW_MODE_SECONDS.includes(slow)
    ? SLOW_MODE_SECONDS
    : [...SLOW_MODE_SECONDS, slow].sort((a, b) => a - b);
  return html`<section class="part">
    <h3>${t("restraint.heading")}</h3>
    <label class="check"><input type="checkbox" checked=${locked} onChange=${(event) => save({ locked: event.currentTarget.checked })} /> <span>${t("restraint.locked")}</span></label>
    <div class="field"><label for="slow-mode">${t("restraint.slow")}</label>
      <select id="slow-mode" value=${slow} onChange=${(event) => save({ slow_mode_s: Number(event.currentTarget.value) })}>
        ${spans.map((seconds) => html`<option value=${seconds}>${seconds === 0 ? t("restraint.off") : seconds < 60 ? t("span.seconds", { n: seconds }) : t("span.minutes", { n: seconds / 60 })}</option>`)}
      </select></div>
    <${FormError} problem=${problem} />
  </section>`;
}

/**
 * A list that is read when it is drawn: `items` is null before.
 * @template Item
 * @param {string} path
 */
function useList(path) {
  /** @type {State<Item[] | null>} */
  const [items, setItems] = useState(null);
  const loading = useSubmit(async () => setItems((await get(path)).items));
  useEffect(() => void loading.submit(), [path]);
  return { items, problem: loading.problem, reload: loading.submit };
}

/** @param {{ room: Room }} props */
export function Invites({ room }) {
  const base = `/api/rooms/${room.id}/invites`;
  /** @type {ItemList<InviteItem>} */
  const list = useList(base);
  /** @type {State<{ code: string } | null>} */
  const [made, setMade] = useState(null);
  const form = useSubmit(async ({ ends, uses }, element) => {
    const body = {
      ...(Number(ends) > 0 ? { expires_in: Number(ends) } : {}),
      ...(uses ? { max_uses: Number(uses) } : {}),
    };
    setMade(await post(base, body));
    element.reset();
    await list.reload();
  });
  /** @param {number} id */
  const revoke = (id) =>
    remove(`${base}/${id}`).then(
      () => list.reload(),
      (problem) => showToast(problem.message, "bad"),
    );
  const invites = list.items?.filter(({ standing }) => !standing) ?? [];
  return html`<section class="part">
    <h3>${t("invites.heading")}</h3>
    <p class="faint">${t("invites.about")}</p>
    <form onSubmit=${form.submit}>
      <div class="field"><label for="invite-ends">${t("invites.ends")}</label>
        <select id="invite-ends" name="ends">${EXPIRY_SECONDS.map((seconds) => html`<option value=${seconds}>${t(`invites.ends.${seconds}`)}</option>`)}</select></div>
      <${Field} label=${t("invites.uses")} name="uses" type="number" min="1" max="100000" inputmode="numeric" error=${form.fields.max_uses} />
      <${FormError} problem=${form.problem} known=${["max_uses"]} />
      <div class="form-foot"><${SubmitButton} busy=${form.busy} class="">${t("invites.make")}<//></div>
    </form>
    ${made && html`<${NewInvite} invite=${made} />`}
    <${FormError} problem=${list.problem} />
    ${list.items && invites.length === 0 && html`<p class="faint">${t("invites.none")}</p>`}
    <ul class="sessions">${invites.map(
      (invite) => html`<li class="session" key=${invite.id}><div class="session-text">
          <p>${t("invites.used", { n: invite.uses, most: invite.max_uses ?? "∞" })}</p>
          <p class="faint">${invite.expires_at ? t("invites.until", { time: fullTime(invite.expires_at) }) : t("invites.for-ever")}</p></div>
        <button type="button" class="button danger-quiet" onClick=${() => void revoke(invite.id)}>${t("invites.revoke")}</button></li>`,
    )}</ul>
  </section>`;
}

/**
 * The code is shown only once.
 * @param {{ invite: { code: string } }} props
 */
function NewInvite({ invite }) {
  const link = location.origin + invitePath(invite.code);
  const copy = async () => showToast(t((await copyText(link)) ? "message.copied" : "message.not-copied"));
  return html`<div class="code-row" role="status"><output class="code small">${link}</output><button type="button" class="button" onClick=${copy}>${t("tools.link")}</button></div><${QrCode} text=${link} /><p class="faint">${t("invites.once")}</p>`;
}

/**
 * Banned and muted users.
 * @param {{ room: Room }} props
 */
export function BannedAndMuted({ room }) {
  /** @type {ItemList<{ user: User }>} */
  const bans = useList(`/api/rooms/${room.id}/bans`);
  /** @type {ItemList<{ user: User; until: string }>} */
  const mutes = useList(`/api/rooms/${room.id}/mutes`);
  /**
   * @param {"bans" | "mutes"} what
   * @param {number} id
   * @param {{ reload: () => Promise<void> }} list
   */
  const lift = (what, id, list) => () =>
    remove(`/api/rooms/${room.id}/${what}/${id}`).then(
      () => list.reload(),
      (problem) => showToast(problem.message, "bad"),
    );
  const activeMutes = mutes.items?.filter(({ until }) => Date.parse(until) > now.value) ?? [];
  if (!bans.problem && !mutes.problem && !bans.items?.length && activeMutes.length === 0) return null;
  return html`<section class="part">
    <h3>${t("kept-out.heading")}</h3>
    <${FormError} problem=${bans.problem ?? mutes.problem} />
    <ul class="sessions">
      ${bans.items?.map(({ user }) => html`<li class="session" key=${`b${user.id}`}><div class="session-text"><p><bdi>${user.display_name}</bdi></p><p class="faint">${t("kept-out.banned")}</p></div><button type="button" class="button" onClick=${lift("bans", user.id, bans)}>${t("kept-out.unban")}</button></li>`)}
      ${activeMutes.map(({ user, until }) => html`<li class="session" key=${`m${user.id}`}><div class="session-text"><p><bdi>${user.display_name}</bdi></p><p class="faint">${t("kept-out.muted", { time: fullTime(until) })}</p></div><button type="button" class="button" onClick=${lift("mutes", user.id, mutes)}>${t("govern.unmute")}</button></li>`)}
    </ul>
  </section>`;
}
