// Profile of a user, and actions on that user.

import { useEffect, useState } from "preact/hooks";
import { showToast } from "../core/toast.js";
import { get, patch, post, put, remove } from "../core/api.js";
import { block, loadBlocks, unblock } from "../core/blocks.js";
import { ensureDirectRoom } from "../core/room-actions.js";
import { loadMembers } from "../core/members.js";
import { navigate } from "../core/router.js";
import { blocked, closeDialog, me, now } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { roomPath } from "../lib/routes.js";
import { lastSeenText } from "../lib/time.js";
import { ConfirmButton } from "./confirm-button.js";
import { Dialog } from "./dialog.js";
import { FormError, useSubmit } from "./field.js";
import { Icon } from "./icon.js";
import { AvatarImage } from "./avatar-image.js";

const RANK = { member: 0, moderator: 1, owner: 2 };
const MUTE_SECONDS = [600, 3600, 86400, 604800];

/** @param {{ userId: number; room?: Room }} props */
export default function UserDialog({ userId, room }) {
  /** @type {State<ProfileAnswer | null>} */
  const [person, setPerson] = useState(null);
  const loading = useSubmit(async () => {
    const [profile] = await Promise.all([get(`/api/users/${userId}`), loadBlocks()]);
    setPerson(profile);
  });
  useEffect(() => void loading.submit(), [userId]);
  return html`<${Dialog} title=${t("dialog.person")}>
    <${FormError} problem=${loading.problem} />
    ${person ? html`<${UserProfile} person=${person} room=${room} />` : !loading.problem && html`<p class="faint" role="status">${t("dialog.loading")}</p>`}
  <//>`;
}

/** @param {{ person: ProfileAnswer; room?: Room }} props */
function UserProfile({ person: { user, chat_rooms: shared }, room }) {
  const self = user.id === me.value?.id;
  return html`
    <div class="account">
      <${AvatarImage} person=${user} />
      <p><bdi class="account-name">${user.display_name}</bdi><span class="faint" translate=${false}>@${user.username}</span></p>
    </div>
    <p class="faint">${user.status === "online" ? t("person.online") : lastSeenText(user.last_seen, now.value)}</p>
    ${user.about && html`<p class="topic-text" dir="auto">${user.about}</p>`}
    ${!self && html`<${UserActions} user=${user} />`}
    ${!self && room && html`<${ModerationActions} user=${user} room=${room} />`}
    ${
      shared.length > 0 &&
      html`<section class="part"><h3>${t("person.shared")}</h3>
      <ul class="plain">${shared.map(({ id, name }) => html`<li key=${id}><button type="button" class="link" onClick=${() => (closeDialog(), navigate(roomPath(id)))}><bdi>${name}</bdi></button></li>`)}</ul></section>`
    }
  `;
}

/** @param {{ user: Profile }} props */
function UserActions({ user }) {
  const isBlocked = blocked.value.has(user.id);
  const writing = useSubmit(async () => {
    const id = await ensureDirectRoom([user.id]);
    closeDialog();
    navigate(roomPath(id));
  });
  return html`<section class="part">
    <${FormError} problem=${writing.problem} />
    <div class="part-buttons">
      <button type="button" class="button primary" onClick=${writing.submit}><${Icon} name="send" /> ${t("person.write")}</button>
      <${ConfirmButton} key=${String(isBlocked)} label=${t(isBlocked ? "person.unblock" : "person.block")} question=${t(isBlocked ? "person.unblock.ask" : "person.block.ask", { name: user.display_name })} confirm=${t(isBlocked ? "person.unblock" : "person.block")} tone=${isBlocked ? "primary" : "danger"} action=${() => (isBlocked ? unblock : block)(user.id)} />
    </div>
  </section>`;
}

/**
 * Actions of moderators and owners on a member of a lower role.
 * @param {{ user: Profile; room: Room }} props
 */
function ModerationActions({ user, room }) {
  const member = room.members.value?.get(user.id);
  const mine = RANK[room.info.value.role];
  if (!member || mine < 1 || room.info.value.kind === "direct" || RANK[member.role] >= mine) {
    return null;
  }
  const base = `/api/rooms/${room.id}`;
  /** @param {string} words */
  const done = (words) => async () => {
    await loadMembers(room);
    showToast(t(words, { name: user.display_name }));
  };
  /**
   * @param {() => Promise<unknown>} call
   * @param {string} words
   */
  const act =
    (call, words, closes = false) =>
    async () => {
      await call();
      await done(words)();
      if (closes) closeDialog();
    };
  const owner = room.info.value.role === "owner";
  return html`<section class="part"><h3>${t("govern.heading", { room: room.info.value.name })}</h3>
    <div class="part-buttons">
      ${owner && html`<button type="button" class="button" onClick=${act(() => patch(`${base}/members/${user.id}`, { role: member.role === "moderator" ? "member" : "moderator" }), "govern.done")}>${t(member.role === "moderator" ? "govern.demote" : "govern.promote")}</button>`}
      ${owner && html`<${ConfirmButton} label=${t("govern.transfer")} question=${t("govern.transfer.ask", { name: user.display_name })} confirm=${t("govern.transfer")} action=${act(() => post(`${base}/owner`, { user_id: user.id }), "govern.done", true)} />`}
    </div>
    <div class="part-buttons">
      ${MUTE_SECONDS.map((seconds) => html`<button key=${seconds} type="button" class="button small" onClick=${act(() => put(`${base}/mutes/${user.id}`, { seconds }), "govern.done")}>${t(`govern.mute.${seconds}`)}</button>`)}
      <button type="button" class="button small" onClick=${act(() => remove(`${base}/mutes/${user.id}`), "govern.done")}>${t("govern.unmute")}</button>
    </div>
    <div class="part-buttons">
      <${ConfirmButton} label=${t("govern.kick")} question=${t("govern.kick.ask", { name: user.display_name })} confirm=${t("govern.kick")} action=${act(() => remove(`${base}/members/${user.id}`), "govern.kicked", true)} />
      <${ConfirmButton} label=${t("govern.ban")} question=${t("govern.ban.ask", { name: user.display_name })} confirm=${t("govern.ban")} action=${act(() => put(`${base}/bans/${user.id}`), "govern.banned", true)} />
    </div>
  </section>`;
}
