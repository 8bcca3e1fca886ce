import { useEffect } from "preact/hooks";
import { loadMembers } from "../core/members.js";
import { me, now, openDialog, people } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { lastSeenText } from "../lib/time.js";
import { Avatar } from "./avatar.js";
import { useSubmit } from "./use-submit.js";

/** @type {Partial<Record<Role, string>>} */
const ROLES = { owner: "role.owner", moderator: "role.moderator" };

/** @param {{ room: Room }} props */
export function Members({ room }) {
  const loading = useSubmit(() => loadMembers(room));
  useEffect(() => void loading.submit(), [room]);
  const members = room.members.value;
  if (members === null) {
    if (!loading.problem) return html`<p class="faint members-note" role="status">${t("members.loading")}</p>`;
    return html`<div class="members-note" role="alert"><p>${loading.problem.message}</p><button type="button" class="button small" onClick=${loading.submit}>${t("app.try-again")}</button></div>`;
  }
  const named = [...members.values()].map((member) => ({
    ...member,
    user: { ...member.user, ...people.value.get(member.user.id) },
  }));
  named.sort((a, b) => (a.user.display_name || a.user.username).localeCompare(b.user.display_name || b.user.username));
  const online = named.filter(({ user }) => user.status === "online");
  const offline = named.filter(({ user }) => user.status !== "online");
  return html`
    <${Group} title=${t("members.online")} members=${online} room=${room} />
    <${Group} title=${t("members.offline")} members=${offline} room=${room} />
    ${room.membersMore.value && html`<p class="faint members-note">${t("members.more", { n: room.info.value.member_count })}</p>`}
  `;
}

/** @param {{ title: string; members: Member[]; room: Room }} props */
function Group({ title, members, room }) {
  if (members.length === 0) return null;
  return html`<section class="members-group">
    <h2>${title} <span class="faint">${members.length}</span></h2>
    <ul>
      ${members.map((member) => html`<${MemberRow} key=${member.user.id} member=${member} room=${room} />`)}
    </ul>
  </section>`;
}

/** @param {{ member: Member; room: Room }} props */
function MemberRow({ member: { user, role }, room }) {
  const self = user.id === me.value?.id;
  return html`<li class=${`member ${user.status}`} title=${`@${user.username}`}>
    <button type="button" class="member-button" onClick=${() => openDialog("person", { userId: user.id, roomId: room.id })}>
    <${Avatar} person=${user} status=${user.status} />
    <span class="member-text">
      <span class="member-name"><bdi>${user.display_name || user.username}</bdi>${self && html` <span class="faint">${t("members.you")}</span>`}</span>
      ${ROLES[role] && html`<span class="role">${t(ROLES[role])}</span>`}
      ${user.status !== "online" && html`<span class="faint">${lastSeenText(user.last_seen, now.value)}</span>`}
    </span></button>
  </li>`;
}
