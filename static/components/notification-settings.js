import { useState } from "preact/hooks";
import { setPreference, preferences } from "../core/preferences.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";

/** `unavailable`, or what the browser has been told: `default`, `granted`, `denied`. */
const permission = () => (isSecureContext && "Notification" in globalThis ? Notification.permission : "unavailable");

/** Setting for notifications. The browser asks for permission only after a click here. */
export function NotificationSettings() {
  const [allowed, setAllowed] = useState(permission);
  if (allowed === "unavailable") return html`<p class="faint">${t("notifications.unavailable")}</p>`;
  if (allowed === "denied") return html`<p class="faint">${t("notifications.denied")}</p>`;

  /** @param {boolean} on */
  const turn = async (on) => {
    if (on && Notification.permission === "default") await Notification.requestPermission();
    setAllowed(permission());
    setPreference("notifications", on && Notification.permission === "granted" ? "on" : "off");
  };
  const on = allowed === "granted" && preferences.value.notifications === "on";
  return html`
    <label class="check"><input type="checkbox" checked=${on} onChange=${(event) => void turn(event.currentTarget.checked)} /> <span>${t("notifications.show")}</span></label>
    <p class="faint">${t("notifications.about")}</p>
  `;
}
