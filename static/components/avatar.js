import { html } from "../lib/html.js";
import { hueOf, initials } from "../lib/text.js";

/**
 * The address of a picture. It names the version, so that browsers keep the picture for ever.
 * @param {Partial<User>} person
 */
const addressOf = ({ id, avatar }) => `/api/users/${id}/avatar?v=${avatar}`;

/**
 * A picture that cannot be loaded uncovers the initials.
 * @param {{ currentTarget: HTMLImageElement }} event
 */
const onError = ({ currentTarget: image }) => (image.hidden = true);

/**
 * The picture of a person, or their initials on a colour of their own. Their name stands beside it.
 * @param {{ person: Partial<User> | null | undefined; status?: string | null }} props
 */
export function Avatar({ person, status = null }) {
  const name = person?.display_name || person?.username || "";
  const address = person?.avatar && addressOf(person);
  return html`<span class=${`avatar hue-${hueOf(person?.id ?? 0)}`} aria-hidden="true">
    ${initials(name)}${address && html`<img key=${address} src=${address} alt="" loading="lazy" decoding="async" draggable="false" onError=${onError} />`}${status && html`<span class=${`dot ${status}`}></span>`}
  </span>`;
}
