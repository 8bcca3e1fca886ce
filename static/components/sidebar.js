import { followLink } from "../core/router.js";
import { me, narrow, openDialog, people, roomList, roomsLoaded, route, server } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { roomPath } from "../lib/routes.js";
import { Avatar } from "./avatar.js";
import { Icon, IconButton, Logo, iconOf } from "./icon.js";

export function Sidebar() {
  const user = me.value;
  // On a narrow screen, the rooms are the main content.
  const [Frame, Title] = narrow.value ? ["main", "h1"] : ["div", "span"];
  return html`<${Frame} class="sidebar">
    <header class="sidebar-head">
      <${Logo} />
      <${Title} class="sidebar-name">${server.value?.name ?? "Parlor"}<//>
      <${IconButton} icon="search" label=${t("dialog.search")} onClick=${() => openDialog("search")} />
    </header>
    <nav class="sidebar-rooms" aria-label=${t("rooms.heading")}>
      <h2>${t("rooms.heading")}</h2>
      <${RoomList} />
      <div class="sidebar-actions">
        <button type="button" class="row-button" onClick=${() => openDialog("write")}><${Icon} name="send" /> ${t("dialog.write")}</button>
        <button type="button" class="row-button" onClick=${() => openDialog("create")}><${Icon} name="plus" /> ${t("rooms.create")}</button>
        <button type="button" class="row-button" onClick=${() => openDialog("join")}><${Icon} name="key" /> ${t("rooms.join")}</button>
        <button type="button" class="row-button" onClick=${() => openDialog("discover")}><${Icon} name="compass" /> ${t("rooms.discover")}</button>
      </div>
    </nav>
    <section class="sidebar-me" aria-label=${t("rooms.account")}>
      <${Avatar} person=${user} />
      <span class="sidebar-me-names"><bdi class="sidebar-me-name">${user?.display_name}</bdi><span class="faint" translate=${false}>@${user?.username}</span></span>
      <${IconButton} icon="settings" label=${t("rooms.settings")} onClick=${() => openDialog("settings")} />
    </section>
  <//>`;
}

function RoomList() {
  if (!roomsLoaded.value) {
    return html`<p class="sidebar-note" role="status">${t("rooms.loading")}</p>`;
  }
  if (roomList.value.length === 0) {
    return html`<p class="sidebar-note">${t("rooms.none")}</p>`;
  }
  /** @param {Room[]} list */
  const links = (list) =>
    html`<ul class="room-list">${list.map((room) => html`<${RoomLink} key=${room.id} room=${room} />`)}</ul>`;
  const direct = roomList.value.filter((room) => room.info.value.kind === "direct");
  const others = roomList.value.filter((room) => room.info.value.kind !== "direct");
  return html`${links(others)}${direct.length > 0 && html`<h2>${t("rooms.direct")}</h2>${links(direct)}`}`;
}

/**
 * Returns the other member of a direct room of two, or null.
 * @param {RoomInfo} info
 */
function partnerOf({ kind, members = [] }) {
  const others = kind === "direct" ? members.filter(({ id }) => id !== me.value?.id) : [];
  return others.length === 1 ? { ...others[0], ...people.value.get(others[0].id) } : null;
}

/** @param {{ room: Room }} props */
function RoomLink({ room }) {
  const { name, kind } = room.info.value;
  const partner = partnerOf(room.info.value);
  const unread = room.unread.value;
  const mentions = room.mentions.value;
  // Unread rooms are bold. The number counts messages addressed to the reader.
  const forMe = kind === "direct" ? unread : mentions;
  const current = route.value.roomId === room.id;
  return html`<li>
    <a class=${`room-link ${unread > 0 ? "unread" : ""}`} href=${roomPath(room.id)} onClick=${followLink} aria-current=${current ? "page" : undefined}>
      ${partner ? html`<${Avatar} person=${partner} />` : html`<${Icon} name=${iconOf(kind)} />`}
      <bdi class="room-link-name">${name}</bdi>
      ${
        unread > 0 &&
        html`<span class=${forMe > 0 ? "badge mention" : "unread-dot"}>
        ${forMe > 0 && html`<span aria-hidden="true">${forMe > 99 ? "99+" : forMe}</span>`}<span class="sr-only">${t("rooms.unread", { n: unread })}${mentions > 0 && `, ${t("rooms.mentions", { n: mentions })}`}</span>
      </span>`
      }
    </a>
  </li>`;
}
