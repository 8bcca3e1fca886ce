import { html } from "../lib/html.js";
import { hueOf, initials } from "../lib/text.js";

/** Initials on a colour that stays with the person; the name stands beside it in words. */
export function Avatar({ person, status = null }) {
  const name = person?.display_name || person?.username || "";
  return html`<span class=${`avatar hue-${hueOf(person?.id ?? 0)}`} aria-hidden="true">
    ${initials(name)}${status && html`<span class=${`dot ${status}`}></span>`}
  </span>`;
}
