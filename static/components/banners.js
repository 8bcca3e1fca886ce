// Banners at the top: the connection is lost, or a new version of the page is available.

import { useEffect, useRef, useState } from "preact/hooks";
import { liveSocket } from "../core/socket.js";
import { connection, newVersion } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Icon } from "./icon.js";
import { lazy } from "./lazy.js";

/** Most interruptions are short, so the banner appears after a delay. */
const QUIET_MS = 3_000;
const SUBTLE_MS = 8_000;

/** With these there is a server again, or a page that is kept. */
const CompleteBanner = lazy(
  async () => (await import("./lazy-banners.js")).CompleteBanner,
  () => {},
);
const VersionBanner = lazy(
  async () => (await import("./lazy-banners.js")).VersionBanner,
  () => {},
);

export function Banners() {
  return html`<div class="banners"><${ConnectionBanner} />${newVersion.value && html`<${VersionBanner} />`}</div>`;
}

function ConnectionBanner() {
  const { phase, retryAt, lostAt } = connection.value;
  const [, tick] = useState(0);
  const noticed = useRef(false);
  const broken = phase === "connecting" || phase === "waiting";
  useEffect(() => {
    if (!broken) return undefined;
    const timer = setInterval(() => tick((count) => count + 1), 500);
    return () => clearInterval(timer);
  }, [broken]);

  if (!broken)
    return noticed.current && phase === "ready"
      ? html`<${CompleteBanner} done=${() => (noticed.current = false)} />`
      : null;
  const since = Date.now() - (lostAt ?? 0);
  if (since < QUIET_MS) return null;
  noticed.current = true;
  if (since < SUBTLE_MS) return html`<p class="reconnecting" role="status">${t("connection.weak")}</p>`;
  const seconds = retryAt === null ? 0 : Math.max(0, Math.ceil((retryAt - Date.now()) / 1_000));
  return html`<div class="banner" role="status">
    <${Icon} name="alert" />
    <p>${t("connection.lost")}</p>
    <span class="banner-when" aria-hidden="true">${phase === "connecting" || seconds === 0 ? t("connection.trying") : t("connection.again", { n: seconds })}</span>
    <button type="button" class="button small" onClick=${() => liveSocket.checkNow()}>${t("connection.retry")}</button>
  </div>`;
}
