// What tells of unread messages outside of the page: its title, its icon, the badge of the app.

import { effect } from "@preact/signals";
import { currentRoom, server, unreadMarks } from "./state.js";

const ICON = "/favicon.svg";
const ICON_WITH_DOT = "/favicon-unread.svg";

effect(() => {
  const { count } = unreadMarks.value;
  const place = currentRoom.value?.info.value.name ?? server.value?.name ?? "Parlor";
  document.title = `${count > 0 ? `(${count}) ` : ""}${place}`;
});

effect(() => {
  const { count, dot } = unreadMarks.value;
  const icon = dot ? ICON_WITH_DOT : ICON;
  const link = document.querySelector('link[rel="icon"]');
  if (link.getAttribute("href") !== icon) link.setAttribute("href", icon);
  // Only an installed page has a badge; where it may not be set, nothing is missed.
  const set = count > 0 ? navigator.setAppBadge?.(count) : dot ? navigator.setAppBadge?.() : navigator.clearAppBadge?.();
  set?.catch(() => {});
});
