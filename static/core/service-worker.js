// Lets the browser keep the page, and a new version in when nobody minds.

import { effect } from "@preact/signals";
import { navigate } from "./router.js";
import { connection, dialog, newVersion } from "./state.js";

const SCRIPT = "/sw.js";
/** Keeping the page is not to be in the way of what is being looked at. */
const LATER_MS = 4_000;
/** Not for every short break of the connection. */
const LOOK_EVERY_MS = 60_000;

/** The one script that may be started by its address; the content security policy names the policy. */
function scriptAddress() {
  if (!globalThis.trustedTypes) return SCRIPT;
  const createScriptURL = (address) => {
    if (address !== SCRIPT) throw new TypeError(`${address} is not to be started`);
    return address;
  };
  return trustedTypes.createPolicy("parlor", { createScriptURL }).createScriptURL(SCRIPT);
}

async function begin() {
  const workers = navigator.serviceWorker;
  // The first worker is no new version; those after it are.
  let version = workers.controller;
  let asked = false;
  workers.addEventListener("message", ({ data }) => data?.open && navigate(data.open));
  workers.addEventListener("controllerchange", () => {
    const isFirst = version === null;
    version = workers.controller;
    if (isFirst) return;
    // Drafts are kept; what stands in a dialog is not.
    if (asked || (document.visibilityState === "hidden" && dialog.value === null)) location.reload();
    else newVersion.value = () => location.reload();
  });

  await new Promise((resolve) => setTimeout(resolve, LATER_MS));
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
    if (connection.value.phase !== "ready" || Date.now() - lookedAt < LOOK_EVERY_MS) return;
    lookedAt = Date.now();
    registration.update().catch(() => {});
  });
}

// Only over HTTPS and on localhost; and where the browser refuses, the page works without.
if (navigator.serviceWorker) begin().catch(() => {});
