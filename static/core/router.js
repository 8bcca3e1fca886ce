// The address bar.

import { parseRoute } from "../lib/routes.js";
import { route } from "./state.js";

/**
 * @param {string} path
 * @param {{ replace?: boolean }} [options]
 */
export function navigate(path, { replace = false } = {}) {
  if (path !== location.pathname) history[replace ? "replaceState" : "pushState"](null, "", path);
  route.value = parseRoute(path);
}

addEventListener("popstate", () => {
  route.value = parseRoute(location.pathname);
});

/**
 * Handler for a link's `onClick`: navigates within the page, unless a modifier requests a new tab or window.
 * @param {MouseEvent & { currentTarget: Element }} event
 */
export function followLink(event) {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  event.preventDefault();
  navigate(event.currentTarget.getAttribute("href") ?? "/");
}
