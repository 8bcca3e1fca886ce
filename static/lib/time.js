// Formats times. Functions take `now` (milliseconds), so that they can be tested.

import { currentLocale, t } from "./i18n.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** @type {Record<string, "h12" | "h23">} */
const HOURS = { 12: "h12", 24: "h23" };
/** @type {Intl.DateTimeFormatOptions} */
let hours = {};

/**
 * Sets the hour cycle: 12, 24, or the default of the language.
 * @param {string} choice
 */
export function setHourCycle(choice) {
  hours = choice in HOURS ? { hourCycle: HOURS[choice] } : {};
}

/** @type {Map<string, any>} */
const formats = new Map();

/**
 * A format of `Intl` is slow to build, so each is built once.
 * @template T
 * @param {new (locale: string, options?: any) => T} Kind
 * @param {object} options
 * @returns {T}
 */
function format(Kind, options) {
  const key = `${Kind.name} ${currentLocale()} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new Kind(currentLocale(), options));
  return formats.get(key);
}

/** @param {Intl.DateTimeFormatOptions} options */
const dates = (options) => format(Intl.DateTimeFormat, options);

/**
 * `09:58`, in the reader's own clock.
 * @param {string} iso
 */
export const clock = (iso) => dates({ hour: "numeric", minute: "2-digit", ...hours }).format(new Date(iso));

/**
 * The whole time, for a tooltip.
 * @param {string} iso
 */
export const fullTime = (iso) => dates({ dateStyle: "full", timeStyle: "short", ...hours }).format(new Date(iso));

/**
 * A day as `2026-03-09`, in the reader's time zone: two messages share a separator when it is equal.
 * @param {string | Date} iso
 */
export function dayKey(iso) {
  const date = new Date(iso);
  /** @param {number} number */
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/**
 * `Today`, `Yesterday`, `Monday, 9 March`, with the year only when it is another one.
 * @param {string} iso
 * @param {number} now
 */
export function dayLabel(iso, now) {
  const date = new Date(iso);
  const midday = new Date(now);
  midday.setHours(12, 0, 0, 0);
  if (dayKey(date) === dayKey(midday)) return t("time.today");
  midday.setDate(midday.getDate() - 1);
  if (dayKey(date) === dayKey(midday)) return t("time.yesterday");
  /** @type {Intl.DateTimeFormatOptions} */
  const year = date.getFullYear() === new Date(now).getFullYear() ? {} : { year: "numeric" };
  return dates({ weekday: "long", day: "numeric", month: "long", ...year }).format(date);
}

/**
 * `just now`, `5 min. ago`, `2 hr. ago`, `3 days ago`, then the date.
 * @param {string} iso
 * @param {number} now
 */
export function relativeTime(iso, now) {
  const age = now - Date.parse(iso);
  /**
   * @param {Intl.RelativeTimeFormatUnit} unit
   * @param {number} length
   */
  const say = (unit, length) =>
    format(Intl.RelativeTimeFormat, { style: "short" }).format(-Math.floor(age / length), unit);
  if (age < MINUTE) return t("time.just-now");
  if (age < HOUR) return say("minute", MINUTE);
  if (age < DAY) return say("hour", HOUR);
  if (age < 30 * DAY) return say("day", DAY);
  return t("time.on", { date: dates({ day: "numeric", month: "short", year: "numeric" }).format(new Date(iso)) });
}

/**
 * `last seen 2 hr. ago`; somebody who never connected has not been seen.
 * @param {string | null | undefined} iso
 * @param {number} now
 */
export const lastSeenText = (iso, now) =>
  iso ? t("time.last-seen", { ago: relativeTime(iso, now) }) : t("time.never-seen");
