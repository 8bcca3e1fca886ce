// Preferences of this browser.

import { effect, signal } from "@preact/signals";
import { setHourCycle } from "../lib/time.js";
import { read, write } from "./storage.js";

const STORAGE_KEY = "parlor.preferences";

/**
 * The values of each preference. The first one is the default.
 * @type {Record<keyof Preferences, string[]>}
 */
export const CHOICES = {
  theme: ["system", "light", "dark"],
  density: ["cosy", "compact"],
  hours: ["auto", "12", "24"],
  enter: ["auto", "send", "line"],
  notifications: ["off", "on"],
};

/** @returns {Preferences} */
function load() {
  const kept = read(STORAGE_KEY, {}) ?? {};
  return /** @type {Preferences} */ (
    Object.fromEntries(
      Object.entries(CHOICES).map(([name, values]) => [name, values.includes(kept[name]) ? kept[name] : values[0]]),
    )
  );
}

/** `{theme, density, hours, enter, notifications}`, replaced when one of them changes. */
export const preferences = signal(load());

/**
 * @param {keyof Preferences} name
 * @param {string} value
 */
export function setPreference(name, value) {
  if (!CHOICES[name].includes(value)) throw new RangeError(`${value} is no choice of ${name}`);
  preferences.value = { ...preferences.value, [name]: value };
  write(STORAGE_KEY, preferences.value);
}

// Another tab changed the preferences.
addEventListener("storage", ({ key }) => {
  if (key === STORAGE_KEY) preferences.value = load();
});

/** @type {Record<string, string>} */
const THEME_COLORS = { light: "#f3f2ec", dark: "#101614" };

effect(() => {
  const { theme, density, hours } = preferences.value;
  const { dataset } = document.documentElement;
  if (theme === "system") delete dataset.theme;
  else dataset.theme = theme;
  if (density === "cosy") delete dataset.density;
  else dataset.density = density;
  // Colour of the browser's frame around the page.
  /** @type {NodeListOf<HTMLMetaElement>} */
  const colors = document.querySelectorAll('meta[name="theme-color"]');
  for (const meta of colors) {
    meta.content = THEME_COLORS[theme] ?? THEME_COLORS[meta.media.includes("dark") ? "dark" : "light"];
  }
  setHourCycle(hours);
});
