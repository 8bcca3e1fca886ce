// What stands beside the list of rooms when none is open.

import { follow } from "../core/router.js";
import { dialog, me, roomsKnown } from "../core/state.js";
import { html } from "../lib/html.js";
import { Icon, Logo } from "./icon.js";

const WAYS = [
  { dialog: "create", icon: "plus", title: "Create a room", text: "You own it and hand out its code." },
  { dialog: "join", icon: "key", title: "Join with a code", text: "Somebody gave you one." },
  { dialog: "discover", icon: "compass", title: "Browse public rooms", text: "Open to everybody here." },
];

export function Home() {
  const open = (name) => () => {
    dialog.value = { name };
  };
  if (!roomsKnown.value) return html`<main class="home"><p class="faint" role="status">Opening…</p></main>`;
  return html`<main class="home">
    <div class="home-body">
      <${Logo} />
      <h1>Hello, <bdi>${me.value.display_name}</bdi></h1>
      <p class="faint">Where would you like to talk?</p>
      <div class="ways">
        ${WAYS.map(
          (way) => html`<button type="button" class="way" onClick=${open(way.dialog)}>
            <${Icon} name=${way.icon} />
            <span class="way-title">${way.title}</span>
            <span class="way-text">${way.text}</span>
          </button>`,
        )}
      </div>
    </div>
  </main>`;
}

/** The address of a room that the user is not in, or that is no more. */
export function NoRoom() {
  if (!roomsKnown.value) return html`<main class="home"><p class="faint" role="status">Opening the room…</p></main>`;
  return html`<main class="home">
    <div class="home-body">
      <${Logo} />
      <h1>This room is not open to you</h1>
      <p class="faint">It may have been deleted, or you may have left it. With its access code you can come in.</p>
      <p class="home-actions">
        <button type="button" class="button primary" onClick=${() => (dialog.value = { name: "join" })}>Join with a code</button>
        <a class="button" href="/" onClick=${follow}>Back to your rooms</a>
      </p>
    </div>
  </main>`;
}
