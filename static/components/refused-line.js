// Shows why a line was not sent and offers the most similar command.

import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Icon, IconButton } from "./icon.js";

/**
 * `refusal` is `{text, nearest}`: see `execute` in core/commands.js.
 * @param {{ refusal: Refusal; sendAsText: () => void; replace: (name: string) => void; close: () => void }} props
 */
export function RefusedLine({ refusal: { text, nearest }, sendAsText, replace, close }) {
  return html`<div class="purpose refused">
    <${Icon} name="alert" />
    <p role="alert" dir="auto">${text}</p>
    ${nearest && html`<button type="button" class="button small" onClick=${() => replace(nearest)}>${t("command.use", { name: nearest })}</button>`}
    <button type="button" class="button small" onClick=${sendAsText}>${t("command.as-text")}</button>
    <${IconButton} icon="close" label=${t("app.close")} onClick=${close} />
  </div>`;
}
