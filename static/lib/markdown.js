// A small Markdown, from text to a tree. Nothing here makes markup: a tree becomes nodes elsewhere.
//
// A block is `{type: "text", children}`, `{type: "quote", children}` (blocks), `{type: "list", ordered,
// start, items}` (each item is inline) or `{type: "code", lang, text}`. Inline is a string or `{type,
// children}` with `strong`, `em` or `strike`, `{type: "code", text}`, `{type: "link", href, children}` or
// `{type: "mention", name}`. Every function looks at a character a bounded number of times.

const SPECIAL = /[*_~`>[@#]|^\s*(?:[-+]|\d{1,9}[.)])\s|https?:|mailto:/mu;
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]{0,30})\s*$/u;
const ITEM = /^ {0,3}(?:([-+*])|(\d{1,9})[.)])\s+(?=\S)/u;
const QUOTE = /^ {0,3}> ?/u;
const DEEPEST_QUOTE = 4;

/** Nothing in it could be Markdown. */
export const isPlain = (text) => !SPECIAL.test(text);

/** The blocks of a text. */
export function parse(text) {
  if (isPlain(text)) return [{ type: "text", children: [text] }];
  return blocks(text.split("\n"), 0);
}

/** A text without its marks, in one line. */
export function plain(text) {
  const words = (piece) => (typeof piece === "string" ? piece : (piece.children ?? piece.items?.flat() ?? [piece.text ?? `@${piece.name}`]).map(words).join(piece.items ? " " : ""));
  return parse(text).map(words).join(" ").replace(/\s+/gu, " ");
}

function blocks(lines, depth) {
  const found = [];
  let plain = [];
  const flush = () => {
    const words = plain.join("\n").replace(/^\n+|\n+$/gu, "");
    if (words !== "") found.push({ type: "text", children: inline(words) });
    plain = [];
  };
  let at = 0;
  while (at < lines.length) {
    const fence = FENCE.exec(lines[at]);
    const end = fence && fenceEnd(lines, at, fence[1]);
    if (end) {
      flush();
      found.push({ type: "code", lang: fence[2].toLowerCase(), text: lines.slice(at + 1, end).join("\n") });
      at = end + 1;
    } else if (QUOTE.test(lines[at]) && depth < DEEPEST_QUOTE) {
      flush();
      const quoted = while_(lines, at, (line) => QUOTE.test(line)).map((line) => line.replace(QUOTE, ""));
      found.push({ type: "quote", children: blocks(quoted, depth + 1) });
      at += quoted.length;
    } else if (ITEM.test(lines[at])) {
      flush();
      const [, , start] = ITEM.exec(lines[at]);
      const same = (line) => (ITEM.exec(line)?.[2] === undefined) === (start === undefined) && ITEM.test(line);
      const items = while_(lines, at, same);
      found.push({ type: "list", ordered: start !== undefined, start: Number(start ?? 1), items: items.map((line) => inline(line.replace(ITEM, ""))) });
      at += items.length;
    } else {
      plain.push(lines[at]);
      at += 1;
    }
  }
  flush();
  return found;
}

function while_(lines, from, matches) {
  let to = from;
  while (to < lines.length && matches(lines[to])) to += 1;
  return lines.slice(from, to);
}

/** The line that closes a fence, or 0: a fence that is never closed is text. */
function fenceEnd(lines, from, mark) {
  for (let at = from + 1; at < lines.length; at += 1) {
    const line = lines[at].trim();
    if (line.length >= mark.length && line === mark[0].repeat(line.length)) return at;
  }
  return 0;
}

const WORD = /[\p{L}\p{N}]/u;
const TOKENS = [
  { type: "code", pattern: /(`{1,8})([^`\n]|[^`\n][^\n]{0,2000}?[^`\n])\1(?!`)/uy },
  { type: "label", pattern: /\[([^[\]\n]{1,200})\]\(((?:https?:\/\/|mailto:)[^\s()<>]{1,2000})\)/uy },
  { type: "url", pattern: /(?:https?:\/\/|mailto:)[^\s<>"]{1,2000}/uy },
  { type: "mention", pattern: /@([\p{L}\p{N}_][\p{L}\p{N}_.-]{0,31})/uy },
];
const MARKS = { "**": "strong", "~~": "strike", "*": "em", _: "em" };
const MOST_OPEN = 16;

/** The inline pieces of a text. */
export function inline(text) {
  /** Open marks, each with the pieces behind it; the first has no mark. */
  const open = [{ mark: null, pieces: [] }];
  let words = "";
  const put = (piece) => {
    if (words !== "") open.at(-1).pieces.push(words);
    words = "";
    if (piece !== undefined) open.at(-1).pieces.push(piece);
  };
  /** A mark that is not closed is what it looks like. */
  const giveUp = (count) => {
    put();
    for (const { mark, pieces } of open.splice(count)) open[count - 1].pieces.push(mark, ...pieces);
  };

  for (let at = 0; at < text.length; ) {
    const before = text[at - 1] ?? " ";
    const token = tokenAt(text, at, before);
    if (token) {
      put(token.piece);
      at += token.length;
      continue;
    }
    const mark = markAt(text, at);
    if (mark) {
      const after = text[at + mark.length] ?? " ";
      const opened = open.findLastIndex((one) => one.mark === mark);
      const closes = opened > 0 && !/\s/u.test(before) && !(mark === "_" && WORD.test(after));
      if (closes && (words !== "" || open[opened].pieces.length > 0 || opened < open.length - 1)) {
        giveUp(opened + 1);
        const { pieces } = open.pop();
        open.at(-1).pieces.push({ type: MARKS[mark], children: pieces });
        at += mark.length;
        continue;
      }
      const opens = opened < 0 && open.length < MOST_OPEN && !/\s/u.test(after) && !(mark === "_" && WORD.test(before));
      if (opens) {
        put();
        open.push({ mark, pieces: [] });
        at += mark.length;
        continue;
      }
      words += mark;
      at += mark.length;
      continue;
    }
    words += text[at];
    at += 1;
  }
  giveUp(1);
  return open[0].pieces;
}

const STARTS = { "`": [0], "[": [1], h: [2], m: [2], "@": [3] };

function tokenAt(text, at, before) {
  for (const index of STARTS[text[at]] ?? []) {
    const { type, pattern } = TOKENS[index];
    // Not in the middle of a word: `user@host` names nobody.
    if (index > 1 && WORD.test(before)) continue;
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) return piece(type, match);
  }
  return null;
}

function piece(type, match) {
  const [whole, first, second] = match;
  switch (type) {
    case "code":
      return { piece: { type: "code", text: second }, length: whole.length };
    case "label":
      return { piece: { type: "link", href: second, children: [first] }, length: whole.length };
    case "mention": {
      const name = first.replace(/[.-]+$/u, "");
      return name === "" ? null : { piece: { type: "mention", name }, length: name.length + 1 };
    }
    default: {
      const href = trimUrl(whole);
      return /:(?:\/\/)?.+/u.test(href) ? { piece: { type: "link", href, children: [href] }, length: href.length } : null;
    }
  }
}

/** An address without the punctuation of the sentence around it; a bracket that it opened is its own. */
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

function markAt(text, at) {
  const two = text.slice(at, at + 2);
  if (two === "**" || two === "~~") return two;
  // `__init__` is a name, and more often meant as one than as anything else.
  if (text[at] === "_") return text[at - 1] === "_" || text[at + 1] === "_" ? null : "_";
  return text[at] === "*" ? "*" : null;
}
