// How times are said. Everything takes `now` (milliseconds) so that it can be tested.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const formats = new Map();

/** An `Intl.DateTimeFormat` is slow to build, so each is built once. */
function format(options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(undefined, options));
  return formats.get(key);
}

/** `09:58`, in the reader's own clock. */
export const clock = (iso) => format({ hour: "2-digit", minute: "2-digit" }).format(new Date(iso));

/** The whole time, for a tooltip. */
export const fullTime = (iso) => format({ dateStyle: "full", timeStyle: "short" }).format(new Date(iso));

/** A day as `2026-03-09`, in the reader's time zone: two messages share a separator when it is equal. */
export function dayKey(iso) {
  const date = new Date(iso);
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** `Today`, `Yesterday`, `Monday, 9 March`, with the year only when it is another one. */
export function dayLabel(iso, now) {
  const date = new Date(iso);
  const midday = new Date(now);
  midday.setHours(12, 0, 0, 0);
  if (dayKey(date) === dayKey(midday)) return "Today";
  midday.setDate(midday.getDate() - 1);
  if (dayKey(date) === dayKey(midday)) return "Yesterday";
  const year = date.getFullYear() === new Date(now).getFullYear() ? {} : { year: "numeric" };
  return format({ weekday: "long", day: "numeric", month: "long", ...year }).format(date);
}

/** `just now`, `5 min ago`, `2 h ago`, `3 d ago`, then the date. */
export function ago(iso, now) {
  const age = now - Date.parse(iso);
  if (age < MINUTE) return "just now";
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min ago`;
  if (age < DAY) return `${Math.floor(age / HOUR)} h ago`;
  if (age < 30 * DAY) return `${Math.floor(age / DAY)} d ago`;
  return `on ${format({ day: "numeric", month: "short", year: "numeric" }).format(new Date(iso))}`;
}

/** `last seen 2 h ago`; somebody who never connected has not been seen. */
export const lastSeen = (iso, now) => (iso ? `last seen ${ago(iso, now)}` : "not seen yet");
