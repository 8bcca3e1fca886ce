// Settings of appearance and keys in this browser.

import { chooseLanguage, chosenLanguage } from "../core/language.js";
import { CHOICES, setPreference, preferences } from "../core/preferences.js";
import { html } from "../lib/html.js";
import { LANGUAGES, t } from "../lib/i18n.js";

/** @type {(keyof Preferences)[]} */
const SHOWN = ["theme", "density", "hours", "enter"];

export function Appearance() {
  return html`<section class="part">
    <h3>${t("appearance.heading")}</h3>
    ${SHOWN.map(
      (name) => html`<div class="field" key=${name}><label for=${`prefer-${name}`}>${t(`appearance.${name}`)}</label>
        <select id=${`prefer-${name}`} value=${preferences.value[name]} onChange=${(event) => setPreference(name, event.currentTarget.value)}>
          ${CHOICES[name].map((value) => html`<option value=${value}>${t(`appearance.${name}.${value}`)}</option>`)}
        </select></div>`,
    )}
    <div class="field"><label for="prefer-language">${t("appearance.language")}</label>
      <select id="prefer-language" value=${chosenLanguage() ?? ""} onChange=${(event) => chooseLanguage(event.currentTarget.value || null)}>
        <option value="">${t("appearance.language.auto")}</option>
        ${Object.entries(LANGUAGES).map(([code, name]) => html`<option value=${code} lang=${code} translate="no">${name}</option>`)}
      </select></div>
  </section>`;
}
