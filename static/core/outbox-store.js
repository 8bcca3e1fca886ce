// Stores unsent messages in IndexedDB, or in localStorage if the browser refuses IndexedDB. Each tab has its own outbox.

import { keysWithPrefix, read, remove, write } from "./storage.js";

const STORE = "outbox";
const FALLBACK = "parlor.outbox.";

/** @type {Promise<IDBDatabase | null> | null} */
let opening = null;

/** Opens the database. Resolves to null if the browser has none. */
function database() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("parlor", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const { result } = request;
      const forget = () => {
        result.close();
        opening = null;
      };
      // A newer page upgrades the database, or the browser clears its data.
      result.onversionchange = forget;
      result.onclose = forget;
      resolve(result);
    };
  }).catch(() => null);
  return opening;
}

/**
 * Runs `action(store)` in its own transaction. Resolves to the request's result once the transaction is durable.
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} action
 * @returns {Promise<T>}
 */
async function inTransaction(mode, action) {
  const open = await database();
  if (!open) throw new Error("no database");
  return new Promise((resolve, reject) => {
    const transaction = open.transaction(STORE, mode, { durability: "strict" });
    const request = action(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

/**
 * Returns the stored outboxes whose name begins with `prefix`, as `Map<name, entries>`.
 * @param {string} prefix
 * @returns {Promise<Map<string, OutboxEntry[]>>}
 */
export async function loadAll(prefix) {
  const found = new Map();
  for (const key of keysWithPrefix(FALLBACK + prefix)) found.set(key.slice(FALLBACK.length), read(key, []));
  try {
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    const names = await inTransaction("readonly", (store) => store.getAllKeys(range));
    for (const name of names)
      found.set(name, [...(found.get(name) ?? []), ...(await inTransaction("readonly", (store) => store.get(name)))]);
  } catch {
    // Without a database, only the fallback holds entries.
  }
  return found;
}

/**
 * Replaces the entries of an outbox. Resolves once they are stored, to whether they outlive the page.
 * @param {string} name
 * @param {OutboxEntry[]} entries
 * @returns {Promise<boolean>}
 */
export async function save(name, entries) {
  try {
    await inTransaction("readwrite", (store) =>
      entries.length > 0 ? store.put(entries, name) : /** @type {IDBRequest} */ (store.delete(name)),
    );
    remove(FALLBACK + name);
    return true;
  } catch {
    if (entries.length > 0) return write(FALLBACK + name, entries);
    remove(FALLBACK + name);
    return true;
  }
}
