// Registers the service worker, which stores the page, and offers new versions.

import { effect } from "@preact/signals";
import { navigate } from "./router.js";
import { connection, dialog, newVersion } from "./state.js";

const SCRIPT = "/sw.js";
/** Minimum time between two checks for a new version. */
const MIN_CHECK_INTERVAL_MS = 60_000;

/** Trusted Types policy for the only script with a URL. The content security policy names it. */
function scriptAddress() {
  const { trustedTypes } = /** @type {{ trustedTypes?: Json }} */ (globalThis);
  if (!trustedTypes) return SCRIPT;
  /** @param {string} address */
  const createScriptURL = (address) => {
    if (address !== SCRIPT) throw new TypeError(`${address} is not to be started`);
    return address;
  };
  return trustedTypes.createPolicy("parlor", { createScriptURL }).createScriptURL(SCRIPT);
}

/**
 * Stores the page. `version` is the worker that delivered it, or null.
 * @param {ServiceWorker | null} version
 */
export async function installServiceWorker(version) {
  const workers = navigator.serviceWorker;
  let current = version;
  let asked = false;
  workers.addEventListener("message", ({ data }) => data?.open && navigate(data.open));
  const changed = () => {
    // The first worker is not a new version, later ones are.
    const isNew = current !== null && workers.controller !== current;
    current = workers.controller;
    if (!isNew) return;
    // Drafts survive the reload, input in a dialog does not.
    if (asked || (document.visibilityState === "hidden" && dialog.value === null)) location.reload();
    else newVersion.value = () => location.reload();
  };
  workers.addEventListener("controllerchange", changed);
  changed();

  const registration = await workers.register(scriptAddress(), { updateViaCache: "none" });
  const offer = () => {
    const { waiting } = registration;
    if (!waiting || !workers.controller) return;
    newVersion.value = () => {
      asked = true;
      waiting.postMessage("let in");
    };
  };
  offer();
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", offer));

  // The server may have been upgraded while it was unreachable.
  let lookedAt = Date.now();
  effect(() => {
    if (connection.value.phase !== "ready" || Date.now() - lookedAt < MIN_CHECK_INTERVAL_MS) return;
    lookedAt = Date.now();
    registration.update().catch(() => {});
  });
}
