// Which language the page speaks: what its reader chose, else what their browser asks for. boot.js
// settles which of them it is.

import { LANGUAGES, regional, speak } from "../lib/i18n.js";
import { read, remove, write } from "./storage.js";

const CHOSEN = "parlor.language";
const AGAIN_MS = 2_000;

/** The chosen language's code, or null where the browser's is taken. */
export function chosenLanguage() {
  const code = read(CHOSEN);
  return typeof code === "string" && Object.hasOwn(LANGUAGES, code) ? code : null;
}

/** Chooses a language (null: the browser's) and opens the page anew in it. */
export function chooseLanguage(code) {
  if (code === null) remove(CHOSEN);
  else write(CHOSEN, code);
  location.reload();
}

/** Fetches the words of the page, before anything is drawn; without them there is nothing to say. */
export async function loadLanguage() {
  const code = document.documentElement.lang;
  for (;;) {
    try {
      // As boot.js asked for it, so that its answer is used.
      const response = await fetch(`/lang/${code}.json`);
      return speak(code, await response.json(), regional(code, navigator.languages));
    } catch {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
