// Icons: strokes on a 24 × 24 grid, in the colour of the surrounding text.

import { html } from "../lib/html.js";

/** @type {Record<string, string[]>} */
const PATHS = {
  alert: ["M12 4 2.8 20h18.4z", "M12 10v4.5", "M12 17.5v.01"],
  back: ["M15 5l-7 7 7 7"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  compass: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M15.5 8.5l-2 5-5 2 2-5z"],
  down: ["M12 5v14", "M6 13l6 6 6-6"],
  file: ["M6 3h8l4 4v14H6z", "M14 3v4h4"],
  hash: ["M9.5 4 7.5 20", "M16.5 4l-2 16", "M4.5 9h16", "M3.5 15h16"],
  key: ["M8 12a4 4 0 1 0 0 8 4 4 0 0 0 0-8z", "M11 13l8.5-8.5", "M16 8l2.5 2.5"],
  lock: ["M6 11h12v9H6z", "M8.5 11V8a3.5 3.5 0 0 1 7 0v3"],
  pencil: ["M4 20l1-4L16.5 4.5l3 3L8 19z", "M14 7l3 3"],
  people: [
    "M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
    "M2.5 20c.5-3.5 3-5.5 6.5-5.5s6 2 6.5 5.5",
    "M16 5.3a3.5 3.5 0 0 1 0 6.4",
    "M18 14.8c2 .8 3.2 2.6 3.5 5.2",
  ],
  pin: ["M9 4h6l-1 6 3 3H7l3-3z", "M12 13v7"],
  plus: ["M12 5v14", "M5 12h14"],
  reply: ["M10 6L4 12l6 6", "M4 12h9a7 7 0 0 1 7 7"],
  search: ["M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z", "M15.5 15.5L21 21"],
  send: ["M4 12 3 4l18 8-18 8z", "M4 12h8"],
  settings: [
    "M4 7h9",
    "M17 7h3",
    "M4 17h3",
    "M11 17h9",
    "M15 5a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
    "M9 15a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  ],
  clock: ["M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z", "M12 8v4.5l3 1.5"],
};

/**
 * Registers icons that are loaded later.
 * @param {Record<string, string[]>} paths
 */
export const addIcons = (paths) => Object.assign(PATHS, paths);

/**
 * An icon is decoration. The text or label beside it states the meaning.
 * @param {{ name: string }} props
 */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    ${PATHS[name].map((d) => html`<path d=${d} />`)}
  </svg>`;
}

/**
 * Returns the icon of a kind of room.
 * @param {RoomKind | undefined} kind
 */
export const iconOf = (kind) => (kind === "public" ? "hash" : kind === "direct" ? "people" : "lock");

/** The logo: a speech bubble in the form of a P. */
export function Logo() {
  return html`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <path class="logo-bowl" d="M9 27V13.5A8.5 8.5 0 1 1 17.5 22H14" />
    <path class="logo-dots" d="M14 13.5h.01M17.8 13.5h.01M21.6 13.5h.01" />
  </svg>`;
}

/** @param {{ icon: string; label: string; class?: string; [attribute: string]: unknown }} props */
export function IconButton({ icon, label, class: extra = "", ...rest }) {
  return html`<button type="button" class=${`icon-button ${extra}`} aria-label=${label} title=${label} ...${rest}>
    <${Icon} name=${icon} />
  </button>`;
}
