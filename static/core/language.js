// Language of the page: the chosen one, else the browser's. boot.js decides
// which one applies.

import { LANGUAGES, withRegion, setLanguage } from "../lib/i18n.js";
import { read, remove, write } from "./storage.js";

const STORAGE_KEY = "parlor.language";
const RETRY_MS = 2_000;

/**
 * Returns the code of the chosen language, or null for the browser's language.
 * @returns {string | null}
 */
export function chosenLanguage() {
  const code = read(STORAGE_KEY);
  return typeof code === "string" && Object.hasOwn(LANGUAGES, code) ? code : null;
}

/**
 * Chooses a language (null: the browser's) and reloads the page.
 * @param {string | null} code
 */
export function chooseLanguage(code) {
  if (code === null) remove(STORAGE_KEY);
  else write(STORAGE_KEY, code);
  location.reload();
}

/** Loads the texts of the page before anything is drawn. */
export async function loadLanguage() {
  const code = document.documentElement.lang;
  for (;;) {
    try {
      // Requests the URL that boot.js requested, so that its response is reused.
      const response = await fetch(`/lang/${code}.json`);
      return setLanguage(code, await response.json(), withRegion(code, navigator.languages));
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
