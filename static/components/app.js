import { useEffect } from "preact/hooks";
import { restoreSession } from "../core/session.js";
import { dialog, route, session } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Logo } from "./icon.js";
import { lazy } from "./lazy.js";
import { Toast } from "./toast.js";

// Only one of these modules is needed; boot.js preloads the likely one.
const Shell = lazy(async () => (await import("./shell.js")).Shell);
const Welcome = lazy(async () => (await import("./welcome.js")).Welcome);

const Reset = lazy(async () => (await import("./password-reset.js")).PasswordReset);
const Lost = lazy(async () => (await import("./not-found.js")).NotFound);

/** @type {Record<Session["phase"], (props: object) => View>} */
const SCREENS = { starting: Starting, unreachable: Unreachable, out: Welcome, in: Shell };

export function App() {
  const { name, token } = route.value;
  return html`${name === "not-found" ? html`<${Lost} />` : name === "reset" ? html`<${Reset} token=${token} />` : html`<${SCREENS[session.value.phase]} />`}${dialog.value === null && html`<${Toast} />`}`;
}

function Starting() {
  return html`<main class="starting"><${Logo} /><p class="sr-only" role="status">${t("app.starting")}</p></main>`;
}

/** Shown if the server is unreachable when the page is opened. */
function Unreachable() {
  useEffect(() => {
    const again = setInterval(restoreSession, 5_000);
    addEventListener("online", restoreSession);
    return () => {
      clearInterval(again);
      removeEventListener("online", restoreSession);
    };
  }, []);
  return html`<main class="starting">
    <${Logo} />
    <h1>${t("app.unreachable")}</h1>
    <p class="faint">${t("app.unreachable.text")}</p>
    <button type="button" class="button primary" onClick=${restoreSession}>${t("app.try-now")}</button>
  </main>`;
}
