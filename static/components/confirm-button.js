import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { FormError, useSubmit } from "./field.js";

/**
 * A button that asks for confirmation.
 * @param {{ label: string; question: string; confirm: string; action: () => unknown; tone?: string }} props
 */
export function ConfirmButton({ label, question, confirm, action, tone = "danger" }) {
  const [asking, setAsking] = useState(false);
  /** @type {{ current: HTMLButtonElement }} */
  const no = useRef(null);
  const doing = useSubmit(async () => {
    await action();
    setAsking(false);
  });
  useEffect(() => {
    if (asking) no.current?.focus();
  }, [asking]);

  if (!asking) {
    return html`<button type="button" class=${`button ${tone === "danger" ? "danger-quiet" : ""}`} onClick=${() => setAsking(true)}>${label}</button>`;
  }
  return html`<div class="confirm" role="group" aria-label=${question}>
    <p>${question}</p>
    <${FormError} problem=${doing.problem} />
    <div class="confirm-buttons">
      <button type="button" class=${`button ${tone}`} onClick=${doing.submit}>${confirm}</button>
      <button type="button" class="button" ref=${no} onClick=${() => setAsking(false)}>${t("app.cancel")}</button>
    </div>
  </div>`;
}
