import { useEffect, useState } from "preact/hooks";
import { dialog, rooms } from "../core/state.js";
import { html } from "../lib/html.js";
import { CreateRoom } from "./create-room.js";
import { Dialog, closeDialog } from "./dialog.js";
import { Discover } from "./discover.js";
import { JoinRoom } from "./join-room.js";
import { Members } from "./members-panel.js";
import { RoomSettings } from "./room-settings.js";
import { Settings } from "./settings.js";

/** Whichever dialog is open. */
export function Dialogs() {
  const { name, roomId, code, message } = dialog.value ?? {};
  const room = rooms.value.get(roomId);
  // The room can go while its dialog is open.
  const orphaned = roomId !== undefined && room === undefined;
  useEffect(() => {
    if (orphaned) closeDialog();
  }, [orphaned]);
  switch (name) {
    case "create":
      return html`<${Dialog} title="Create a room"><${CreateRoom} /><//>`;
    case "join":
      return html`<${Dialog} title="Join a room"><${JoinRoom} code=${code} /><//>`;
    case "discover":
      return html`<${Dialog} title="Public rooms"><${Discover} /><//>`;
    case "settings":
      return html`<${Dialog} title="Settings" wide><${Settings} /><//>`;
    case "members":
      return room ? html`<${Dialog} title=${`Members of ${room.info.value.name}`}><${Members} room=${room} /><//>` : null;
    case "room":
      return room ? html`<${Dialog} title="Room settings"><${RoomSettings} room=${room} /><//>` : null;
    case "erase":
    case "versions":
    case "report":
    case "emoji":
    case "pins":
      return room ? html`<${Lazy} load=${() => import("./message-dialogs.js")} name=${name} room=${room} message=${message} />` : null;
    default:
      return null;
  }
}

/** A dialog whose code is fetched when it is opened. */
function Lazy({ load, ...props }) {
  const [Content, setContent] = useState(null);
  useEffect(() => {
    load().then(
      (module) => setContent(() => module.default),
      () => closeDialog(),
    );
  }, []);
  return Content && html`<${Content} ...${props} />`;
}
