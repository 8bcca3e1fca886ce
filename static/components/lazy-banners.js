// Banners that are loaded later: reconnected, and a new version of the page.

import { useEffect, useState } from "preact/hooks";
import { currentRoom, newVersion } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";

const COMPLETE_MS = 5_000;

/**
 * After a break that was noticed: that nothing is missing in the room on the screen.
 * @param {{ done: () => void }} props
 */
export function CompleteBanner({ done }) {
  const room = currentRoom.value;
  void room?.version.value;
  const seq = room?.timeline.completeTo ?? null;
  const [gone, go] = useState(false);
  useEffect(() => {
    if (seq === null) return undefined;
    const timer = setTimeout(() => {
      done();
      go(true);
    }, COMPLETE_MS);
    return () => clearTimeout(timer);
  }, [seq]);
  return seq === null || gone ? null : html`<p class="reconnecting calm" role="status">${t("connection.complete")}</p>`;
}

export function VersionBanner() {
  return html`<div class="banner calm" role="status">
    <p>${t("version.new")}</p>
    <button type="button" class="button small" onClick=${() => newVersion.value?.()}>${t("version.reload")}</button>
  </div>`;
}
