// Files that are dragged over the page. Without a drop target, the browser would open a dropped file.

/** Whether an element of this page is dragged. A picture of the page would count as a file. */
let isOwn = false;

/**
 * Returns whether files from outside of the page are dragged.
 * @param {DragEvent} event
 */
export const hasForeignFiles = ({ dataTransfer }) => !isOwn && Boolean(dataTransfer?.types.includes("Files"));

addEventListener("dragstart", () => (isOwn = true));
addEventListener("dragend", () => (isOwn = false));

/** @param {DragEvent} event */
function refuse(event) {
  const target = /** @type {Element | null} */ (event.target);
  // A target that takes the files has prevented the default by now; a file input takes them by itself.
  if (event.defaultPrevented || !hasForeignFiles(event) || target?.matches?.("input[type=file]")) return;
  event.preventDefault();
  if (event.dataTransfer) event.dataTransfer.dropEffect = "none";
}

addEventListener("dragover", refuse);
addEventListener("drop", refuse);
