// The page of a signed-in user: rooms, open room, members. Below 720 px one pane at a time.

import { useEffect } from "preact/hooks";
import { announcement } from "../core/live-region.js";
import { lastRoom } from "../core/rooms.js";
import { navigate } from "../core/router.js";
import { closeDialog, connection, currentRoom, dialog, narrow, openDialog, roomsLoaded, route } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { roomPath } from "../lib/routes.js";
import { Banners } from "./banners.js";
import { lazy, showLoadError, loadStyles } from "./lazy.js";
import { RoomView } from "./room-view.js";
import { Sidebar } from "./sidebar.js";

const Dialogs = lazy(
  async () => {
    const [{ Dialogs: loaded }] = await Promise.all([import("./dialogs.js"), loadStyles("/css/dialogs.css")]);
    return loaded;
  },
  () => {
    showLoadError();
    closeDialog();
  },
);

const Home = lazy(async () => (await import("./home.js")).Home);
const NoRoom = lazy(async () => (await import("./home.js")).NoRoom);

/** At `/`, a wide page opens the room that was open last. */
function useLastRoom() {
  const home = route.value.name === "home" && roomsLoaded.value;
  useEffect(() => {
    const last = lastRoom();
    if (home && !narrow.value && last) navigate(roomPath(last.id), { replace: true });
  }, [home]);
}

/** An invitation link asks a signed-in user before it joins. */
function useInviteDialog() {
  const { name, code } = route.value;
  useEffect(() => {
    if (name !== "invite") return;
    navigate("/", { replace: true });
    openDialog("join", { code });
  }, [name, code]);
}

export function Shell() {
  useInviteDialog();
  useLastRoom();
  const inRoom = route.value.name === "room";
  const room = currentRoom.value;
  return html`<div class="shell" data-pane=${inRoom ? "room" : "list"} data-connection=${connection.value.phase}>
    ${room && html`<a class="skip" href="#composer" onClick=${skipToComposer}>${t("app.skip")}</a>`}
    <${Banners} />
    ${!(narrow.value && inRoom) && html`<${Sidebar} />`}
    ${room ? html`<${RoomView} key=${room.serial} room=${room} />` : !(narrow.value && !inRoom) && html`<${EmptyPane} inRoom=${inRoom} />`}
    <div class="sr-only" aria-live="polite">${announcement.value}</div>
    ${dialog.value && html`<${Dialogs} />`}
  </div>`;
}

/**
 * The main area when no room is shown.
 * @param {{ inRoom: boolean }} props
 */
function EmptyPane({ inRoom }) {
  if (!roomsLoaded.value)
    return html`<main class="home"><p class="faint" role="status">${t("home.opening")}</p></main>`;
  return inRoom ? html`<${NoRoom} />` : html`<${Home} />`;
}

/** @param {Event} event */
function skipToComposer(event) {
  event.preventDefault();
  document.getElementById("composer")?.focus();
}
