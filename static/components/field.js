// Forms: a labelled field with its error, and the end of a form.

import { useId } from "preact/hooks";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Icon } from "./icon.js";

export { useSubmit } from "./use-submit.js";

/**
 * The server says what is wrong with a field, as in "is taken"; the label says which one.
 * @param {string} label
 * @param {string} error
 */
const sentence = (label, error) => (/^\p{Ll}/u.test(error) ? `${label.replace(/ \(.*\)$/u, "")} ${error}` : error);

/**
 * `value` is what the field begins with: drawing it again leaves alone what was typed meanwhile.
 * @param {{ label: string; hint?: string; error?: string; as?: string; value?: string; [attribute: string]: unknown }} props
 */
export function Field({ label, hint, error, as = "input", value, ...input }) {
  const id = useId();
  const described = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(" ");
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <${as} id=${id} defaultValue=${value} ...${input} aria-invalid=${error ? "true" : undefined} aria-describedby=${described || undefined} />
    ${error && html`<p class="field-error" id=${`${id}-error`}>${sentence(label, error)}</p>`}
    ${hint && html`<p class="field-hint" id=${`${id}-hint`}>${hint}</p>`}
  </div>`;
}

/**
 * Shows a problem unless the fields already show it.
 * @param {{ problem: Problem | null; known?: string[] }} props
 */
export function FormError({ problem, known = [] }) {
  if (!problem) return null;
  const told = Object.keys(problem.fields ?? {}).some((name) => known.includes(name));
  const wait = problem.retryAfter ? ` ${t("problem.wait", { n: problem.retryAfter })}` : "";
  return html`<p class="form-error" role="alert" hidden=${told}><${Icon} name="alert" /> <span>${told ? "" : problem.message + wait}</span></p>`;
}

/** @param {{ busy: boolean; children?: View; class?: string }} props */
export function SubmitButton({ busy, children, class: extra = "primary" }) {
  return html`<button type="submit" class=${`button ${extra}`} aria-disabled=${busy ? "true" : undefined}>
    ${busy && html`<span class="spinner" aria-hidden="true"></span>`}${children}
  </button>`;
}
