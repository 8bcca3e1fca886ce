// A body's Markdown as nodes.

import { useEffect, useState } from "preact/hooks";
import { blocked, me, people } from "../core/state.js";
import { html } from "../lib/html.js";
import { isPlain, parse } from "../lib/markdown.js";

export { isPlain };

const TAGS = { strong: "strong", em: "em", strike: "s" };

/** The text of a message. Of the names in it, those are mentions of which the server says so. */
export function Marked({ message: { author, body, mentions = [], mentions_room: everybody } }) {
  const heard = !blocked.value.has(author?.id);
  /** By name, whether it is the reader's. */
  const names = new Map(mentions.map((id) => [people.value.get(id)?.username.toLowerCase(), heard && id === me.value?.id]));
  if (everybody) names.set("room", heard);
  const blocks = parse(body);
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
      const items = block.items.map((item) => html`<li dir="auto">${drawn(item, names)}</li>`);
      return block.ordered ? html`<ol start=${block.start}>${items}</ol>` : html`<ul>${items}</ul>`;
    }
    default:
      return html`<span class="words">${drawn(block.children, names)}</span>`;
  }
}

const drawn = (pieces, names) => pieces.map((piece) => (typeof piece === "string" ? piece : drawnPiece(piece, names)));

function drawnPiece({ type, children, text, href, name }, names) {
  if (type === "code") return html`<code>${text}</code>`;
  if (type === "link") return html`<a href=${href} target="_blank" rel="noopener noreferrer nofollow">${drawn(children, names)}</a>`;
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
  const shown = pieces?.map(({ kind, text: words }) => (kind === "" ? words : html`<span class=${`code-${kind}`}>${words}</span>`));
  return html`<pre tabindex="0"><code>${shown ?? text}</code></pre>`;
}
