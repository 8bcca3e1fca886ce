// Keeps the reader's position while rows above it are added or removed.

/**
 * The first row that reaches below the top edge of `box`, found by halving.
 * @param {Element} box
 * @param {Element} list
 */
function firstVisible(box, list) {
  const top = box.getBoundingClientRect().top;
  const { children } = list;
  let low = 0;
  let high = children.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (children[middle].getBoundingClientRect().bottom > top) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The newest message of which the end has been seen: the last one that ends above the bottom edge of `box`.
 * @param {Element} box
 * @param {Element} list
 */
export function lastVisibleSeq(box, list) {
  const bottom = box.getBoundingClientRect().bottom + 1;
  const { children } = list;
  let low = 0;
  let high = children.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (children[middle].getBoundingClientRect().bottom > bottom) high = middle;
    else low = middle + 1;
  }
  return Number(children[low - 1]?.getAttribute("data-seq") ?? 0);
}

/**
 * Where a few of the visible rows stand; one of them will still be there. Not the dividers: that of a day stays
 * above whatever older messages of that day come.
 * @param {Element} box
 * @param {Element} list
 * @returns {Anchor}
 */
export function takeAnchor(box, list) {
  const from = firstVisible(box, list);
  return Array.from({ length: 8 }, (_, index) => list.children[from + index])
    .filter((row) => row?.matches(".message-row, .system-row"))
    .map((row) => ({ key: row.getAttribute("data-key") ?? "", top: row.getBoundingClientRect().top }));
}

/**
 * Scrolls so that the first of the anchor's rows that still exists stands where it stood.
 * @param {Element} box
 * @param {Element} list
 * @param {Anchor | null} anchor
 */
export function restoreAnchor(box, list, anchor) {
  for (const { key, top } of anchor ?? []) {
    const row = list.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!row) continue;
    const moved = row.getBoundingClientRect().top - top;
    if (Math.abs(moved) >= 0.5) box.scrollTop += moved;
    return;
  }
}

/**
 * Scrolls so that `row` begins at this part of the box's height.
 * @param {Element} box
 * @param {Element} row
 * @param {number} part
 */
export function showRow(box, row, part) {
  box.scrollTop += row.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight * part;
}
