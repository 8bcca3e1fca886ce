// Describes a user agent, well enough to recognise one's own devices.

import { t } from "./i18n.js";

/** @type {[RegExp, string][]} */
const BROWSERS = [
  [/\bEdg(?:e|A|iOS)?\//u, "Edge"],
  [/\bOPR\//u, "Opera"],
  [/\bFirefox\/|\bFxiOS\//u, "Firefox"],
  [/\bHeadlessChrome\/|\bChrome\/|\bCriOS\//u, "Chrome"],
  [/\bSafari\//u, "Safari"],
  [/^curl\//u, "curl"],
  [/^websocat/u, "websocat"],
];
/** @type {[RegExp, string][]} */
const SYSTEMS = [
  [/\biPhone\b/u, "iPhone"],
  [/\biPad\b/u, "iPad"],
  [/\bAndroid\b/u, "Android"],
  [/\bWindows\b/u, "Windows"],
  [/\bMac OS X\b/u, "macOS"],
  [/\bCrOS\b/u, "ChromeOS"],
  [/\bLinux\b/u, "Linux"],
];

/**
 * @param {[RegExp, string][]} table
 * @param {string} agent
 */
const match = (table, agent) => table.find(([pattern]) => pattern.test(agent))?.[1];

/**
 * `Firefox on Linux`, `curl`, or the beginning of what the program calls itself.
 * @param {string | null} agent
 */
export function deviceName(agent) {
  if (!agent) return t("device.unknown");
  const browser = match(BROWSERS, agent);
  const system = match(SYSTEMS, agent);
  if (browser && system) return t("device.browser-on", { browser, system });
  return browser ?? system ?? agent.slice(0, 40);
}
