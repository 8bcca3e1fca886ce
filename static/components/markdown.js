// The Markdown of a message as nodes. Blocks and their parser are loaded when a message needs them.

import { signal } from "@preact/signals";
import { blocked, me, people } from "../core/state.js";
import { html } from "../lib/html.js";
import { isPlain, needsParser, parse, plainText } from "../lib/markdown.js";

export { isPlain };

/**
 * The module `markdown-blocks.js`, or null before it is loaded. Until then only addresses and mentions are marked.
 * @type {Signal<typeof import("./markdown-blocks.js") | null>}
 */
export const loadedBlocks = signal(null);
let loading = false;

/**
 * Returns the parser if it is loaded and the text needs it, else null. Starts to load it if necessary.
 * @param {string} text
 */
function parserFor(text) {
  if (!needsParser(text)) return null;
  if (loadedBlocks.value === null && !loading) {
    loading = true;
    import("./markdown-blocks.js").then(
      (module) => (loadedBlocks.value = module),
      // The next message that needs the parser loads it again.
      () => (loading = false),
    );
  }
  return loadedBlocks.value?.parseBlocks ?? null;
}

/**
 * Returns a text without its markup, in one line.
 * @param {string} text
 */
export const plainTextOf = (text) => plainText(text, parserFor(text));

const TAGS = { strong: "strong", em: "em", strike: "s" };

/**
 * The text of a message. Only names that the server resolved are marked as mentions.
 * @param {{ message: Pick<Message, "author" | "body" | "mentions" | "mentions_room"> }} props
 */
export function Markdown({ message: { author, body, mentions = [], mentions_room: everybody } }) {
  const isVisible = !blocked.value.has(author?.id);
  /**
   * For each mentioned name, whether it means the reader.
   * @type {Names}
   */
  const names = new Map(
    mentions.map((id) => [people.value.get(id)?.username.toLowerCase(), isVisible && id === me.value?.id]),
  );
  if (everybody) names.set("room", isVisible);
  const blocks = parse(body, parserFor(body));
  if (blocks.length === 1 && blocks[0].type === "text") return renderInline(blocks[0].children, names);
  const Block = loadedBlocks.value?.Block;
  return blocks.map((block) => html`<${Block} block=${block} names=${names} />`);
}

/**
 * Returns the nodes of inline pieces.
 * @param {Inline[]} pieces
 * @param {Names} names
 * @returns {View[]}
 */
export const renderInline = (pieces, names) =>
  pieces.map((piece) => (typeof piece === "string" ? piece : renderPiece(piece, names)));

/**
 * @param {Exclude<Inline, string>} piece
 * @param {Names} names
 */
function renderPiece(piece, names) {
  if (piece.type === "code") return html`<code>${piece.text}</code>`;
  if (piece.type === "mention") {
    const mine = names.get(piece.name.toLowerCase());
    if (mine === undefined) return `@${piece.name}`;
    return html`<span class=${mine ? "mention mine" : "mention"}>@${piece.name}</span>`;
  }
  const children = renderInline(piece.children, names);
  if (piece.type === "link")
    return html`<a href=${piece.href} target="_blank" rel="noopener noreferrer nofollow">${children}</a>`;
  return html`<${TAGS[piece.type]}>${children}<//>`;
}
