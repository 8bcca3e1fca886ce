// Which language the page speaks: what its reader chose, else what their browser asks for. boot.js
// settles which of them it is.

import { LANGUAGES, withRegion, setLanguage } from "../lib/i18n.js";
import { read, remove, write } from "./storage.js";

const STORAGE_KEY = "parlor.language";
const RETRY_MS = 2_000;

/**
 * The chosen language's code, or null where the browser's is taken.
 * @returns {string | null}
 */
export function chosenLanguage() {
  const code = read(STORAGE_KEY);
  return typeof code === "string" && Object.hasOwn(LANGUAGES, code) ? code : null;
}

/**
 * Chooses a language (null: the browser's) and opens the page anew in it.
 * @param {string | null} code
 */
export function chooseLanguage(code) {
  if (code === null) remove(STORAGE_KEY);
  else write(STORAGE_KEY, code);
  location.reload();
}

/** Fetches the words of the page, before anything is drawn; without them there is nothing to say. */
export async function loadLanguage() {
  const code = document.documentElement.lang;
  for (;;) {
    try {
      // As boot.js asked for it, so that its answer is used.
      const response = await fetch(`/lang/${code}.json`);
      return setLanguage(code, await response.json(), withRegion(code, navigator.languages));
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
