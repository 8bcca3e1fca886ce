// Lets the browser keep the page, and a new version in when nobody minds.

import { effect } from "@preact/signals";
import { navigate } from "./router.js";
import { connection, dialog, newVersion } from "./state.js";

const SCRIPT = "/sw.js";
/** Not for every short break of the connection. */
const MIN_CHECK_INTERVAL_MS = 60_000;

/** The one script that may be started by its address; the content security policy names the policy. */
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
 * Keeps the page; `version` is the worker that brought it, or null where none did.
 * @param {ServiceWorker | null} version
 */
export async function installServiceWorker(version) {
  const workers = navigator.serviceWorker;
  let current = version;
  let asked = false;
  workers.addEventListener("message", ({ data }) => data?.open && navigate(data.open));
  const changed = () => {
    // The first worker is no new version; those after it are.
    const isNew = current !== null && workers.controller !== current;
    current = workers.controller;
    if (!isNew) return;
    // Drafts are kept; what stands in a dialog is not.
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

  // A server that was away may have come back as another version.
  let lookedAt = Date.now();
  effect(() => {
    if (connection.value.phase !== "ready" || Date.now() - lookedAt < MIN_CHECK_INTERVAL_MS) return;
    lookedAt = Date.now();
    registration.update().catch(() => {});
  });
}
