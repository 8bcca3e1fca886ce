// Addresses of the page.

/**
 * `{name, …}` for a path; `not-found` for any other path.
 * @param {string} path
 * @returns {Route}
 */
export function parseRoute(path) {
  const room = /^\/r\/(\d+)(?:\/(\d+))?\/?$/u.exec(path);
  if (room) return { name: "room", roomId: Number(room[1]), seq: room[2] ? Number(room[2]) : null };
  const invite = /^\/i\/([^/]+)\/?$/u.exec(path);
  if (invite) return { name: "invite", code: decode(invite[1]) };
  const reset = /^\/reset\/([^/]+)\/?$/u.exec(path);
  if (reset) return { name: "reset", token: decode(reset[1]) };
  return path === "/" ? { name: "home" } : { name: "not-found" };
}

/** @param {number} roomId */
export const roomPath = (roomId) => `/r/${roomId}`;
/**
 * @param {number} roomId
 * @param {number} seq
 */
export const messagePath = (roomId, seq) => `/r/${roomId}/${seq}`;
/** @param {string} code */
export const invitePath = (code) => `/i/${encodeURIComponent(code)}`;

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Returns the code in a pasted text: alone, with blanks, or within an invitation link.
 * @param {string} text
 */
export function codeFrom(text) {
  const trimmed = text.trim();
  const link = /\/i\/([^/?#\s]+)/u.exec(trimmed);
  return link ? decode(link[1]) : trimmed;
}
