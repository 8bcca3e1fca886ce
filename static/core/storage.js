// Small stored values. A browser may refuse to store anything (private
// windows, full quota). Then they are kept in memory.

/** @type {Map<string, string>} */
const memory = new Map();

/**
 * @param {string} key
 * @param {Json} fallback
 * @returns {Json}
 */
export function read(key, fallback = null) {
  try {
    const text = memory.get(key) ?? localStorage.getItem(key);
    return text === null ? fallback : JSON.parse(text);
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
    // Nothing was stored.
  }
}

/**
 * Returns the keys that begin with `prefix`, of stored values and of those in memory.
 * @param {string} prefix
 */
export function keysWithPrefix(prefix) {
  const keys = [...memory.keys()];
  try {
    keys.push(...Object.keys(localStorage));
  } catch {
    // Access is denied.
  }
  return [...new Set(keys)].filter((key) => key.startsWith(prefix));
}

/** Returns a random id of 128 bits. `crypto.randomUUID` exists only over HTTPS and on localhost. */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
