import { useEffect } from "preact/hooks";
import { start } from "../core/session.js";
import { dialog, session } from "../core/state.js";
import { html } from "../lib/html.js";
import { Logo } from "./icon.js";
import { Shell } from "./shell.js";
import { Toast } from "./toast.js";
import { Welcome } from "./welcome.js";

const SCREENS = { starting: Starting, unreachable: Unreachable, out: Welcome, in: Shell };

export function App() {
  return html`<${SCREENS[session.value.phase]} />${dialog.value === null && html`<${Toast} />`}`;
}

function Starting() {
  return html`<main class="starting"><${Logo} /><p class="sr-only" role="status">Parlor is starting…</p></main>`;
}

/** The server did not answer when the page was opened. */
function Unreachable() {
  useEffect(() => {
    const again = setInterval(start, 5_000);
    addEventListener("online", start);
    return () => {
      clearInterval(again);
      removeEventListener("online", start);
    };
  }, []);
  return html`<main class="starting">
    <${Logo} />
    <h1>The server cannot be reached</h1>
    <p class="faint">Parlor tries again every few seconds.</p>
    <button type="button" class="button primary" onClick=${start}>Try now</button>
  </main>`;
}
