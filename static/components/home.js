// The main area when no room is open.

import { followLink } from "../core/router.js";
import { me, openDialog } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Icon, Logo } from "./icon.js";

const WAYS = [
  { dialog: "create", icon: "plus", title: "rooms.create", text: "home.create" },
  { dialog: "join", icon: "key", title: "rooms.join", text: "home.join" },
  { dialog: "discover", icon: "compass", title: "rooms.discover", text: "home.discover" },
];

export function Home() {
  return html`<main class="home">
    <div class="home-body">
      <${Logo} />
      <h1>${t("home.hello")} <bdi>${me.value?.display_name}</bdi></h1>
      <p class="faint">${t("home.where")}</p>
      <div class="ways">
        ${WAYS.map(
          (way) => html`<button type="button" class="way" onClick=${() => openDialog(way.dialog)}>
            <${Icon} name=${way.icon} />
            <span class="way-title">${t(way.title)}</span>
            <span class="way-text">${t(way.text)}</span>
          </button>`,
        )}
      </div>
    </div>
  </main>`;
}

/** Shown at the address of a room that the user cannot open. */
export function NoRoom() {
  return html`<main class="home">
    <div class="home-body">
      <${Logo} />
      <h1>${t("home.no-room")}</h1>
      <p class="faint">${t("home.no-room.text")}</p>
      <p class="home-actions">
        <button type="button" class="button primary" onClick=${() => openDialog("join")}>${t("rooms.join")}</button>
        <a class="button" href="/" onClick=${followLink}>${t("home.back")}</a>
      </p>
    </div>
  </main>`;
}
