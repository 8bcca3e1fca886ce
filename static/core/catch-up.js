// Reads missed changes over HTTP if there are too many for the socket. Loaded on first use.

import { trimWindow, fetchMessages, pauseAfterFailure } from "./history.js";
import { connection } from "./state.js";

const CATCH_UP_PAGE = 200;

/**
 * Reads changes over HTTP after a `sync` was too large. Returns whether all have been read.
 * @param {Room} room
 * @param {number} fromRev
 */
export async function catchUp(room, fromRev) {
  const { since: connected } = connection.value;
  const current = () => connection.value.phase === "ready" && connection.value.since === connected;
  let since = fromRev;
  while (current()) {
    let page;
    try {
      page = await fetchMessages(room, { changed_since: since, limit: CATCH_UP_PAGE });
    } catch {
      await pauseAfterFailure();
      continue;
    }
    for (const message of page.items) room.timeline.receive(message);
    trimWindow(room);
    room.touch();
    const last = page.items.at(-1)?.rev ?? since;
    if (!page.has_after || last === since) {
      room.timeline.caughtUpTo(last);
      return current();
    }
    since = last;
  }
  return false;
}
