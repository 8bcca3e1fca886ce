// Markdown by markdown-it, whose tokens become the tree of `markdown.js`. It never makes HTML here.

import MarkdownIt from "markdown-it";
import { addressAt, mentionAt } from "./markdown.js";

/** Deeper nesting is shown as it was written; markdown-it would leave it out. */
const MAX_NESTING = 40;
/** Maximum number of cells. A table can have far more cells than its text has characters. */
const MAX_CELLS = 1_000;
const MAX_LANG = 30;

const markdown = new MarkdownIt({ breaks: true, maxNesting: MAX_NESTING });
// Indented lines, lines above `---` and `&amp;` are text in a chat. Definitions of references would disappear from it,
// images are not fetched from other hosts, and addresses follow the rules of `markdown.js`.
markdown.disable([
  "code",
  "lheading",
  "reference",
  "entity",
  "image",
  "linkify",
  "autolink",
  "html_block",
  "html_inline",
]);
markdown.validateLink = (href) => /^(?:https?:\/\/|mailto:)./iu.test(href);
markdown.normalizeLink = (href) => href;
markdown.normalizeLinkText = (text) => text;

const SCHEMES = ["https", "http", "mailto"];

/** At a colon: an address of which the scheme has been read as text already. */
markdown.inline.ruler.after("text", "address", (state, silent) => {
  const { src, pos } = state;
  if (silent || src[pos] !== ":" || state.linkLevel > 0) return false;
  const scheme = SCHEMES.find((name) => state.pending.endsWith(name));
  const found = scheme && addressAt(src, pos - scheme.length);
  if (!found) return false;
  state.pending = state.pending.slice(0, -scheme.length);
  put(state, found.piece);
  state.pos += found.length - scheme.length;
  return true;
});

markdown.inline.ruler.after("text", "mention", (state, silent) => {
  if (silent || state.src[state.pos] !== "@" || state.linkLevel > 0) return false;
  const found = mentionAt(state.src, state.pos);
  if (!found) return false;
  put(state, found.piece);
  state.pos += found.length;
  return true;
});

/**
 * @param {InlineState} state
 * @param {Inline} piece
 */
const put = (state, piece) => {
  state.push("piece", "", 0).meta = piece;
};

/**
 * The blocks of a text, or null if it is nested so deeply or has so many cells that it is shown as it is.
 * @param {string} text
 * @returns {Block[] | null}
 */
export function parseBlocks(text) {
  const tokens = markdown.parse(text, {});
  if (tokens.some(({ level }) => level >= MAX_NESTING - 1)) return null;
  if (tokens.filter(({ type }) => type === "td_open").length > MAX_CELLS) return null;
  const root = { children: [] };
  /** @type {any[]} */
  const open = [root];
  for (const token of tokens) {
    if (token.nesting > 0) open.push(openBlock(token, open.at(-1)));
    else if (token.nesting < 0) open.pop();
    else if (token.type === "inline") putInline(open.at(-1), open.at(-2), token.children ?? []);
    else if (token.type === "fence")
      open.at(-1).children.push({ type: "code", lang: langOf(token.info), text: token.content.replace(/\n$/u, "") });
    else if (token.type === "hr") open.at(-1).children.push({ type: "rule" });
  }
  return root.children;
}

/**
 * Adds what a token begins to what it stands in, and returns it.
 * @param {Token} token
 * @param {any} parent
 */
function openBlock(token, parent) {
  /** @param {Json} node */
  const child = (node) => {
    parent.children.push(node);
    return node;
  };
  switch (token.type) {
    case "heading_open":
      return child({ type: "heading", level: Number(token.tag.slice(1)), children: [] });
    case "blockquote_open":
      return child({ type: "quote", children: [] });
    case "bullet_list_open":
      return child({ type: "list", ordered: false, start: 1, items: [] });
    case "ordered_list_open":
      return child({ type: "list", ordered: true, start: Number(token.attrGet("start") ?? 1), items: [] });
    case "list_item_open":
      parent.items.push({ done: null, children: [] });
      return parent.items.at(-1);
    case "table_open":
      return child({ type: "table", align: [], rows: [] });
    case "tr_open":
      parent.rows.push([]);
      return { row: parent.rows.at(-1), align: parent.align };
    case "th_open":
    case "td_open":
      if (token.type === "th_open") parent.align.push(/center|right/u.exec(token.attrGet("style") ?? "")?.[0] ?? "");
      parent.row.push([]);
      return { children: parent.row.at(-1) };
    case "paragraph_open":
      return child({ type: "text", children: [] });
    // The head and the body of a table.
    default:
      return parent;
  }
}

/**
 * The language of a fence, or nothing if that is none.
 * @param {string} info
 */
function langOf(info) {
  const [lang] = info.trim().split(/\s/u);
  return lang.length <= MAX_LANG && /^[\w+#.-]*$/u.test(lang) ? lang.toLowerCase() : "";
}

/**
 * Fills a block, which may be the first of an item: then `[ ]` and `[x]` make it a task.
 * @param {any} block
 * @param {any} item
 * @param {Token[]} tokens
 */
function putInline(block, item, tokens) {
  block.children.push(...inline(tokens));
  const [first] = block.children;
  const task =
    item?.done === null && item.children.length === 1 && typeof first === "string" && /^\[([ xX])\]\s+/u.exec(first);
  if (!task) return;
  item.done = task[1] !== " ";
  block.children[0] = first.slice(task[0].length);
}

/** @type {Record<string, string>} */
const MARKS = { em_open: "em", strong_open: "strong", s_open: "strike" };

/**
 * The inline pieces of a text's tokens.
 * @param {Token[]} tokens
 * @returns {Inline[]}
 */
function inline(tokens) {
  /** @type {any[]} */
  const root = [];
  const open = [root];
  /** @param {Json} piece */
  const add = (piece) => {
    const pieces = open[open.length - 1];
    if (typeof piece !== "string") pieces.push(piece);
    else if (typeof pieces.at(-1) === "string") pieces[pieces.length - 1] += piece;
    else if (piece !== "") pieces.push(piece);
  };
  for (const token of tokens) {
    // `__init__` is a name, and more often meant as one than as anything else.
    if (token.markup === "__" && token.nesting !== 0) add("__");
    else if (token.nesting < 0) open.pop();
    else if (token.nesting > 0) {
      /** @type {Inline[]} */
      const children = [];
      add(
        token.type === "link_open"
          ? { type: "link", href: token.attrGet("href"), children }
          : { type: MARKS[token.type], children },
      );
      open.push(children);
    } else if (token.type === "piece") add(token.meta);
    else if (token.type === "code_inline") add({ type: "code", text: token.content });
    else add(/break$/u.test(token.type) ? "\n" : token.content);
  }
  return root;
}
