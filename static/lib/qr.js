// QR codes of short texts, such as the links of invites.

import { correction, generate } from "lean-qr";

/** A camera cannot read larger codes at the displayed size. */
const MAX_VERSION = 9;
/** The code of lean-qr's error for a text that does not fit. */
const TOO_LONG = 4;

/**
 * Returns the rows of a QR code, `true` for dark, without its margin of 4, or null if the text is too long.
 * @param {string} text
 */
export function qrCode(text) {
  try {
    const code = generate(text, { minCorrectionLevel: correction.M, maxVersion: MAX_VERSION });
    const fields = Array.from({ length: code.size }, (_, index) => index);
    return fields.map((row) => fields.map((column) => Boolean(code.get(column, row))));
  } catch (error) {
    if (/** @type {{ code?: number }} */ (error).code === TOO_LONG) return null;
    throw error;
  }
}
