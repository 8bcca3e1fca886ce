// Parses the text of a message into a tree. Components turn the tree into nodes; no HTML is produced.
//
// A block is `{type: "text", children}`, `{type: "heading", level, children}`, `{type: "quote", children}` (blocks),
// `{type: "list", ordered, start, items}`, `{type: "table", align, rows}`, `{type: "code", lang, text}` or
// `{type: "rule"}`. An item is `{done, children}` (blocks); `done` is null where it is no task. A cell is inline, the
// first row is the head, and `align` has "", "center" or "right" for each column. Inline is a string or
// `{type, children}` with `strong`, `em` or `strike`, `{type: "code", text}`, `{type: "link", href, children}` or
// `{type: "mention", name}`.
//
// Addresses and mentions are found here. All other Markdown needs the parser in `markdown-parser.js`, which is large and is
// fetched when a message needs it.

const MARKUP = new RegExp(
  [
    // Emphasis, code, strike, links, escapes.
    "\\*\\S|(?:^|[^\\p{L}\\p{N}])_|`|~~|\\]\\(|\\\\[^\\p{L}\\p{N}\\s]",
    // Headings, quotes, lists; rules and the second line of a table.
    "^[ \\t]*(?:#{1,6}\\s|>|(?:[-+*]|\\d{1,9}[.)])\\s)|^[ |:]*-[ |:-]*$",
  ].join("|"),
  "mu",
);
const ADDRESS = /@|https?:|mailto:/u;

/**
 * Matches texts without Markdown.
 * @param {string} text
 */
export const isPlain = (text) => !ADDRESS.test(text) && !MARKUP.test(text);

/**
 * Whether the text has Markdown other than addresses and mentions.
 * @param {string} text
 */
export const needsParser = (text) =>
  MARKUP.test(text) &&
  (text.includes("](") || parseInline(text).some((piece) => typeof piece === "string" && MARKUP.test(piece)));

/**
 * The blocks of a text. Without `parser` (`parseBlocks` of `markdown-parser.js`) only addresses and mentions are found.
 * @param {string} text
 * @param {BlockParser | null} parser
 * @returns {Block[]}
 */
export function parse(text, parser = null) {
  if (isPlain(text)) return [{ type: "text", children: [text] }];
  const blocks = parser !== null && needsParser(text) ? parser(text) : null;
  return blocks ?? [{ type: "text", children: parseInline(text) }];
}

/**
 * A text without its marks, in one line.
 * @param {string} text
 * @param {BlockParser | null} parser
 */
export function plainText(text, parser = null) {
  return parse(text, parser).map(textOf).join(" ").replace(/\s+/gu, " ");
}

/**
 * @param {Inline | Block} piece
 * @returns {string}
 */
function textOf(piece) {
  if (typeof piece === "string") return piece;
  /**
   * @param {(Inline | Block)[]} pieces
   * @param {string} between
   */
  const joined = (pieces, between) => pieces.map(textOf).join(between);
  switch (piece.type) {
    case "list":
      return piece.items.map(({ children }) => joined(children, " ")).join(" ");
    case "table":
      return piece.rows.flatMap((row) => row.map((cell) => joined(cell, ""))).join(" ");
    case "quote":
      return joined(piece.children, " ");
    case "mention":
      return `@${piece.name}`;
    case "code":
      return piece.text;
    case "rule":
      return "";
    default:
      return joined(piece.children, "");
  }
}

const WORD = /[\p{L}\p{N}]/u;
const FOUND = /@|https?:|mailto:/gu;
const URL = /(?:https?:\/\/|mailto:)[^\s<>"]{1,2000}/uy;
const MENTION = /@([\p{L}\p{N}_][\p{L}\p{N}_.-]{0,31})/uy;

/**
 * The pieces of a text in which only addresses and mentions count.
 * @param {string} text
 */
function parseInline(text) {
  /** @type {Inline[]} */
  const pieces = [];
  let from = 0;
  for (const { index } of text.matchAll(FOUND)) {
    if (index < from) continue;
    const found = text[index] === "@" ? mentionAt(text, index) : addressAt(text, index);
    if (!found) continue;
    if (index > from) pieces.push(text.slice(from, index));
    pieces.push(found.piece);
    from = index + found.length;
  }
  if (from < text.length) pieces.push(text.slice(from));
  return pieces;
}

// Not within a word: `user@host` mentions no user.
/**
 * @param {string} text
 * @param {number} at
 */
const beginsWord = (text, at) => at === 0 || !WORD.test(text[at - 1]);

/**
 * @param {RegExp} pattern
 * @param {string} text
 * @param {number} at
 */
function matchAt(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/**
 * The mention that begins at a place of a text, with its length, or null.
 * @param {string} text
 * @param {number} at
 * @returns {{ piece: Inline; length: number } | null}
 */
export function mentionAt(text, at) {
  const match = beginsWord(text, at) && matchAt(MENTION, text, at);
  if (!match) return null;
  const name = match[1].replace(/[.-]+$/u, "");
  return name === "" ? null : { piece: { type: "mention", name }, length: name.length + 1 };
}

/**
 * The address that begins at a place of a text, with its length, or null.
 * @param {string} text
 * @param {number} at
 * @returns {{ piece: Inline; length: number } | null}
 */
export function addressAt(text, at) {
  const match = beginsWord(text, at) && matchAt(URL, text, at);
  if (!match) return null;
  const href = trimUrl(match[0]);
  return /:(?:\/\/)?.+/u.test(href) ? { piece: { type: "link", href, children: [href] }, length: href.length } : null;
}

/**
 * An address without the punctuation of the sentence around it; a bracket that it opened is its own.
 * @param {string} url
 */
function trimUrl(url) {
  let end = url.length;
  let open = 0;
  for (const letter of url) open += letter === "(" ? 1 : letter === ")" ? -1 : 0;
  while (end > 0) {
    const last = url[end - 1];
    if (last === ")" && open < 0) open += 1;
    else if (!/[.,:;!?'*_~]/u.test(last)) break;
    end -= 1;
  }
  return url.slice(0, end);
}
