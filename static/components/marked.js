// A body's Markdown as nodes.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { blocked, me, people } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { isPlain, needsParser, parse, plain } from "../lib/markdown.js";

export { isPlain };

/** The parser of all Markdown, once a message has needed it. Until then only addresses and mentions are drawn. */
export const parser = signal(null);
let fetching = false;

/** The parser if it is there and the text needs it. Fetches it otherwise. */
function parserFor(text) {
  if (!needsParser(text)) return null;
  if (parser.value === null && !fetching) {
    fetching = true;
    import("../lib/markup.js").then(
      ({ blocks }) => (parser.value = blocks),
      // The next message that needs it tries again.
      () => (fetching = false),
    );
  }
  return parser.value;
}

/** A text without its marks, in one line. */
export const plainText = (text) => plain(text, parserFor(text));

const TAGS = { strong: "strong", em: "em", strike: "s" };

/** The text of a message. Of the names in it, those are mentions of which the server says so. */
export function Marked({ message: { author, body, mentions = [], mentions_room: everybody } }) {
  const heard = !blocked.value.has(author?.id);
  /** By name, whether it is the reader's. */
  const names = new Map(
    mentions.map((id) => [people.value.get(id)?.username.toLowerCase(), heard && id === me.value?.id]),
  );
  if (everybody) names.set("room", heard);
  const blocks = parse(body, parserFor(body));
  if (blocks.length === 1 && blocks[0].type === "text") return drawn(blocks[0].children, names);
  return blocks.map((block) => html`<${Block} block=${block} names=${names} />`);
}

function Block({ block, names }) {
  switch (block.type) {
    case "code":
      return html`<${Code} lang=${block.lang} text=${block.text} />`;
    case "quote":
      return html`<blockquote>${block.children.map((child) => html`<${Block} block=${child} names=${names} />`)}</blockquote>`;
    case "list": {
      const items = block.items.map((item) => html`<${Item} item=${item} names=${names} />`);
      return block.ordered ? html`<ol start=${block.start}>${items}</ol>` : html`<ul>${items}</ul>`;
    }
    case "heading":
      // The page's own headings are those of the first two levels.
      return html`<${`h${Math.min(block.level + 2, 6)}`} class=${`heading-${block.level}`} dir="auto">${drawn(block.children, names)}<//>`;
    case "table":
      return html`<${Table} table=${block} names=${names} />`;
    case "rule":
      return html`<hr />`;
    default:
      return html`<p class="words" dir="auto">${drawn(block.children, names)}</p>`;
  }
}

function Item({ item: { done, children }, names }) {
  // A line of text needs no paragraph of its own.
  const shown = children.map((block) =>
    block.type === "text" && block === children[0]
      ? drawn(block.children, names)
      : html`<${Block} block=${block} names=${names} />`,
  );
  if (done === null) return html`<li dir="auto">${shown}</li>`;
  return html`<li class="task" dir="auto"><input type="checkbox" disabled checked=${done} aria-label=${t(done ? "message.task-done" : "message.task-open")} />${shown}</li>`;
}

function Table({ table: { align, rows }, names }) {
  const [head, ...body] = rows;
  const row = (cells, tag) =>
    html`<tr>${cells.map((cell, column) => html`<${tag} class=${align[column]} dir="auto">${drawn(cell, names)}<//>`)}</tr>`;
  return html`<div class="table" tabindex="0"><table>
    <thead>${row(head, "th")}</thead>
    ${body.length > 0 && html`<tbody>${body.map((cells) => row(cells, "td"))}</tbody>`}
  </table></div>`;
}

const drawn = (pieces, names) => pieces.map((piece) => (typeof piece === "string" ? piece : drawnPiece(piece, names)));

function drawnPiece({ type, children, text, href, name }, names) {
  if (type === "code") return html`<code>${text}</code>`;
  if (type === "link")
    return html`<a href=${href} target="_blank" rel="noopener noreferrer nofollow">${drawn(children, names)}</a>`;
  if (type === "mention") {
    const mine = names.get(name.toLowerCase());
    if (mine === undefined) return `@${name}`;
    return html`<span class=${mine ? "mention mine" : "mention"}>@${name}</span>`;
  }
  return html`<${TAGS[type]}>${drawn(children, names)}<//>`;
}

/** Coloured once the colours are there; who reads plain text need not wait for them. */
function Code({ lang, text }) {
  const [pieces, setPieces] = useState(null);
  useEffect(() => {
    if (lang === "") return undefined;
    let current = true;
    import("../lib/highlight.js").then(({ highlight }) => current && setPieces(highlight(text, lang))).catch(() => {});
    return () => (current = false);
  }, [lang, text]);
  const shown = pieces?.map(({ kind, text: words }) =>
    kind === "" ? words : html`<span class=${`code-${kind}`}>${words}</span>`,
  );
  return html`<pre tabindex="0"><code>${shown ?? text}</code></pre>`;
}
