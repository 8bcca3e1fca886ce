// Files that are dragged over the page. Dropped where nothing takes them, a browser would open them in its place.

/** Something of this page is dragged: a picture of it counts as a file, too. */
let isOwn = false;

/**
 * Whether the drag brings files from outside of the page.
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
