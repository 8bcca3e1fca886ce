import { html } from "../lib/html.js";
import { hueOf, initials } from "../lib/text.js";

/**
 * Returns the URL of a picture. It contains the version, so that browsers can cache it permanently.
 * @param {Partial<User>} person
 */
const addressOf = ({ id, avatar }) => `/api/users/${id}/avatar?v=${avatar}`;

/**
 * If a picture cannot be loaded, the initials are shown.
 * @param {{ currentTarget: HTMLImageElement }} event
 */
const onError = ({ currentTarget: image }) => (image.hidden = true);

/**
 * The picture of a user, or their initials on the user's colour.
 * @param {{ person: Partial<User> | null | undefined; status?: string | null }} props
 */
export function Avatar({ person, status = null }) {
  const name = person?.display_name || person?.username || "";
  const address = person?.avatar && addressOf(person);
  return html`<span class=${`avatar hue-${hueOf(person?.id ?? 0)}`} aria-hidden="true">
    ${initials(name)}${address && html`<img key=${address} src=${address} alt="" loading="lazy" decoding="async" draggable="false" onError=${onError} />`}${status && html`<span class=${`dot ${status}`}></span>`}
  </span>`;
}
