import { useEffect } from "preact/hooks";
import { closeDialog, dialog, rooms } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { CreateRoom } from "./create-room.js";
import { Dialog } from "./dialog.js";
import { Discover } from "./discover.js";
import { JoinRoom } from "./join-room.js";
import { lazy } from "./lazy.js";
import { Members } from "./members-panel.js";
import { RoomSettings } from "./room-settings.js";
import { Settings } from "./settings.js";

/** @param {() => Promise<{ default: Component }>} load */
const fetched = (load) => lazy(async () => (await load()).default, closeDialog);
const MessageDialog = fetched(() => import("./message-dialogs.js"));
const SwitcherDialog = fetched(() => import("./switcher.js"));
const SearchDialog = fetched(() => import("./search.js"));
const ShortcutsDialog = fetched(() => import("./shortcuts.js"));
const PersonDialog = fetched(() => import("./user-dialog.js"));
const WriteDialog = fetched(() => import("./new-direct-message.js"));
const AdminDialog = fetched(() => import("./admin.js"));

/** The open dialog. */
export function Dialogs() {
  const { name, roomId, userId, code, message } = dialog.value ?? {};
  const room = rooms.value.get(roomId ?? 0);
  // The room may be removed while its dialog is open.
  const orphaned = roomId !== undefined && room === undefined;
  useEffect(() => {
    if (orphaned) closeDialog();
  }, [orphaned]);
  switch (name) {
    case "create":
      return html`<${Dialog} title=${t("rooms.create")}><${CreateRoom} /><//>`;
    case "join":
      return html`<${Dialog} title=${t("dialog.join")}><${JoinRoom} code=${code} /><//>`;
    case "discover":
      return html`<${Dialog} title=${t("dialog.discover")}><${Discover} /><//>`;
    case "settings":
      return html`<${Dialog} title=${t("dialog.settings")} wide><${Settings} /><//>`;
    case "members":
      return room
        ? html`<${Dialog} title=${t("dialog.members", { room: room.info.value.name })}><${Members} room=${room} /><//>`
        : null;
    case "room":
      return room ? html`<${Dialog} title=${t("dialog.room")}><${RoomSettings} room=${room} /><//>` : null;
    case "erase":
    case "versions":
    case "report":
    case "emoji":
    case "pins":
      return room ? html`<${MessageDialog} key=${name} name=${name} room=${room} message=${message} />` : null;
    case "switcher":
      return html`<${SwitcherDialog} />`;
    case "search":
      return html`<${SearchDialog} />`;
    case "keyboard":
      return html`<${ShortcutsDialog} />`;
    case "person":
      return html`<${PersonDialog} key=${userId} userId=${userId} room=${room} />`;
    case "write":
      return html`<${WriteDialog} />`;
    case "admin":
      return html`<${AdminDialog} />`;
    default:
      return null;
  }
}
