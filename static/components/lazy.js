// Screens that are loaded on first use.

import { useEffect, useState } from "preact/hooks";
import { showToast } from "../core/toast.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";

/**
 * Links a style sheet; resolves when it holds, also if it could not be had.
 * @param {string} address
 * @returns {Promise<unknown>}
 */
export function loadStyles(address) {
  if (document.querySelector(`link[href="${address}"]`)) return Promise.resolve();
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: address });
  const settled = new Promise((resolve) => (link.onload = link.onerror = resolve));
  document.head.append(link);
  return settled;
}

/** Shows that a module could not be loaded. */
export const showLoadError = () => showToast(t("app.not-loaded"), "bad");

/**
 * A component that `load()` fetches (`async () => Component`) when it is drawn for the first time; `failed()`
 * is called if that cannot be done.
 * @param {() => Promise<Component>} load
 * @param {(problem: unknown) => void} failed
 */
export function lazy(load, failed = showLoadError) {
  /** @type {Component | null} */
  let Fetched = null;
  return /** @param {object} props */ function Lazy(props) {
    const [, arrived] = useState(false);
    useEffect(() => {
      if (Fetched) return;
      load().then((Component) => {
        Fetched = Component;
        arrived(true);
      }, failed);
    }, []);
    return Fetched && html`<${Fetched} ...${props} />`;
  };
}
