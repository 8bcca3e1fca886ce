import { dismissToast, toast } from "../core/toast.js";
import { html } from "../lib/html.js";
import { Icon } from "./icon.js";

/** A short notice. It stands inside the open dialog, since everything outside of one is inert. */
export function Toast() {
  const shown = toast.value;
  return html`<div class="toast-place" role="status">
    ${shown && html`<button type="button" class=${`toast ${shown.tone}`} key=${shown.id} onClick=${dismissToast}><${Icon} name=${shown.tone === "bad" ? "alert" : "check"} /> ${shown.text}</button>`}
  </div>`;
}
