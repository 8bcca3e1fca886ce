// Small values that outlive the page. A browser may refuse to keep anything (private
// windows, full quota); then they live as long as the page.

/** @type {Map<string, string>} */
const memory = new Map();

/**
 * @param {string} key
 * @param {Json} fallback
 * @returns {Json}
 */
export function read(key, fallback = null) {
  try {
    const text = localStorage.getItem(key) ?? memory.get(key);
    return text === undefined || text === null ? fallback : JSON.parse(text);
  } catch {
    return fallback;
  }
}

/**
 * Returns whether the value outlives the page.
 * @param {string} key
 * @param {unknown} value
 */
export function write(key, value) {
  const text = JSON.stringify(value);
  try {
    localStorage.setItem(key, text);
    memory.delete(key);
    return true;
  } catch {
    memory.set(key, text);
    return false;
  }
}

/** @param {string} key */
export function remove(key) {
  memory.delete(key);
  try {
    localStorage.removeItem(key);
  } catch {
    // Nothing was kept, so nothing remains.
  }
}

/**
 * The stored keys that begin with `prefix`.
 * @param {string} prefix
 */
export function keysWithPrefix(prefix) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return [...memory.keys()].filter((key) => key.startsWith(prefix));
  }
}

/** A random name, 128 bits; `crypto.randomUUID` exists only over HTTPS and on localhost. */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
