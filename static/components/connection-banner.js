// Says that the connection is gone; nothing for the first seconds, since most breaks are short.

import { useEffect, useState } from "preact/hooks";
import { liveSocket } from "../core/socket.js";
import { connection } from "../core/state.js";
import { html } from "../lib/html.js";
import { Icon } from "./icon.js";

const QUIET_MS = 3_000;

export function ConnectionBanner() {
  const { phase, retryAt, lostAt } = connection.value;
  const [, tick] = useState(0);
  const broken = phase === "connecting" || phase === "waiting";
  useEffect(() => {
    if (!broken) return undefined;
    const timer = setInterval(() => tick((count) => count + 1), 500);
    return () => clearInterval(timer);
  }, [broken]);

  if (!broken || Date.now() - lostAt < QUIET_MS) return null;
  const seconds = retryAt === null ? 0 : Math.max(0, Math.ceil((retryAt - Date.now()) / 1_000));
  return html`<div class="banner" role="status">
    <${Icon} name="alert" />
    <p>Not connected. What you write is sent as soon as the server is back.</p>
    <span class="banner-when" aria-hidden="true">${phase === "connecting" || seconds === 0 ? "Trying…" : `Trying again in ${seconds} s`}</span>
    <button type="button" class="button small" onClick=${() => liveSocket.nudge()}>Try now</button>
  </div>`;
}
