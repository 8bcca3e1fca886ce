// The page for unknown addresses.

import { followLink } from "../core/router.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Logo } from "./icon.js";

export function NotFound() {
  return html`<main class="home"><div class="home-body">
    <${Logo} />
    <h1>${t("lost.heading")}</h1>
    <p class="faint">${t("lost.text")}</p>
    <p class="home-actions"><a class="button primary" href="/" onClick=${followLink}>${t("lost.home")}</a></p>
  </div></main>`;
}
