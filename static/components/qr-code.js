import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { qrCode } from "../lib/qr.js";

const MARGIN = 4;

/**
 * A QR code of a link, always dark on light. Nothing if the link is too long.
 * @param {{ text: string }} props
 */
export function QrCode({ text }) {
  const rows = qrCode(text);
  if (!rows) return null;
  const size = rows.length + 2 * MARGIN;
  const path = rows
    .flatMap((row, down) => row.map((dark, right) => (dark ? `M${right + MARGIN} ${down + MARGIN}h1v1h-1z` : "")))
    .join("");
  return html`<svg class="qr" viewBox=${`0 0 ${size} ${size}`} role="img" aria-label=${t("qr.label")} shape-rendering="crispEdges">
    <rect width=${size} height=${size} /><path d=${path} />
  </svg>`;
}
