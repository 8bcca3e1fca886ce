// Functions for message bodies as plain text.

import { currentLocale } from "./i18n.js";

/**
 * The number of characters as the server counts them: code points, not UTF-16 units.
 * @param {string} text
 */
export function codePoints(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

const ACTION = /^\/me\s+(?=\S)/u;

/**
 * The rest of a body such as `/me waves`, or null when it is no action.
 * @param {string} body
 */
export const actionOf = (body) => (ACTION.test(body) ? body.replace(ACTION, "") : null);

/**
 * Returns a draft as it is sent: without trailing blanks and surrounding empty lines.
 * @param {string} draft
 */
export const trimBody = (draft) => draft.replace(/^(?:[^\S\n]*\n)+/u, "").trimEnd();

/**
 * One or two letters for an avatar.
 * @param {string} name
 */
export function initials(name) {
  const words = name
    .trim()
    .split(/[\s._-]+/u)
    .filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  const first = letters.map((word) => [...word][0] ?? "").join("");
  return first.toLocaleUpperCase() || "?";
}

const HUES = 16;

/**
 * One of the hues for a user, the same on every visit and in the server's pictures. Neighbours differ clearly.
 * @param {number} id
 */
export const hueOf = (id) => (id * 7) % HUES;

/**
 * `820 B`, `2.3 MB`, as the reader's language writes it. Limits are powers of two: 1 MB is 1,048,576 bytes.
 * @param {number} bytes
 */
export function fileSize(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  let [size, unit] = [bytes, 0];
  // A value of 1,000 or more goes to the next unit.
  while (size >= 999.5 && unit < units.length - 1) [size, unit] = [size / 1024, unit + 1];
  return new Intl.NumberFormat(currentLocale(), {
    style: "unit",
    unit: units[unit],
    unitDisplay: "short",
    maximumSignificantDigits: size < 10 ? 2 : 3,
  }).format(size);
}
