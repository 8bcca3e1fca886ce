import { dismissToast, toast } from "../core/toast.js";
import { html } from "../lib/html.js";
import { Icon } from "./icon.js";

/** A short notice. It is placed inside the open dialog, because everything else is inert. */
export function Toast() {
  const shown = toast.value;
  return html`<div class="toast-place" role="status">
    ${shown && html`<button type="button" class=${`toast ${shown.tone}`} key=${shown.id} onClick=${dismissToast}><${Icon} name=${shown.tone === "bad" ? "alert" : "check"} /> ${shown.text}</button>`}
  </div>`;
}
