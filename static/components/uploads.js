// Uploaded files in the composer, before the message is sent.

import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Icon, IconButton } from "./icon.js";

/** @param {{ uploads: Upload[] }} props */
export function Uploads({ uploads }) {
  return html`<ul class="uploads" aria-label=${t("files.to-send")}>
    ${uploads.map(
      ({ id, name, preview, state, progress, reason, remove }) => html`<li key=${id} class=${`upload ${state}`}>
        ${preview ? html`<img src=${preview} alt="" />` : html`<${Icon} name="file" />`}
        <span class="file-name" dir="auto">${name}</span>
        ${state === "pending" && html`<progress max="1" value=${progress} aria-label=${t("files.coming", { name })}></progress>`}
        ${state === "failed" && html`<span class="bad" role="alert">${reason}</span>`}
        <${IconButton} icon="close" label=${t("files.drop", { name })} onClick=${remove} />
      </li>`,
    )}
  </ul>`;
}
