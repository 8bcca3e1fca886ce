// Where unsent messages lie on this machine: in IndexedDB; where a browser refuses that, with the small values.

import { keysWith, read, remove, write } from "./storage.js";

const STORE = "outbox";
const FALLBACK = "parlor.outbox.";

let opened = null;

/** The database, or null where there is none to be had. */
function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("parlor", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const { result } = request;
      const forget = () => {
        result.close();
        opened = null;
      };
      // A later page brings another version, or the browser clears its data.
      result.onversionchange = forget;
      result.onclose = forget;
      resolve(result);
    };
  }).catch(() => null);
  return opened;
}

/** Runs `action(store)` in a transaction of its own; resolves to what its request found once it is on disk. */
async function within(mode, action) {
  const open = await database();
  if (!open) throw new Error("no database");
  return new Promise((resolve, reject) => {
    const transaction = open.transaction(STORE, mode, { durability: "strict" });
    const request = action(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** The shelves whose name begins with `prefix`: `Map<name, entries>`. */
export async function shelves(prefix) {
  const found = new Map();
  for (const key of keysWith(FALLBACK + prefix)) found.set(key.slice(FALLBACK.length), read(key, []));
  try {
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    const names = await within("readonly", (store) => store.getAllKeys(range));
    for (const name of names)
      found.set(name, [...(found.get(name) ?? []), ...(await within("readonly", (store) => store.get(name)))]);
  } catch {
    // Then nothing was ever laid down there.
  }
  return found;
}

/** Lays down what a shelf holds from now on; resolves once it is stored, to whether it outlives the page. */
export async function lay(name, entries) {
  try {
    await within("readwrite", (store) => (entries.length > 0 ? store.put(entries, name) : store.delete(name)));
    remove(FALLBACK + name);
    return true;
  } catch {
    if (entries.length > 0) return write(FALLBACK + name, entries);
    remove(FALLBACK + name);
    return true;
  }
}
