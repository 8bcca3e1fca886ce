// Blocks of Markdown as nodes, and the parser that finds them. Loaded when a message needs them.

import { useEffect, useState } from "preact/hooks";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { renderInline } from "./markdown.js";

export { parseBlocks } from "../lib/markdown-parser.js";

/** @param {{ block: Block; names: Names }} props */
export function Block({ block, names }) {
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
      return html`<${`h${Math.min(block.level + 2, 6)}`} class=${`heading-${block.level}`} dir="auto">${renderInline(block.children, names)}<//>`;
    case "table":
      return html`<${Table} table=${block} names=${names} />`;
    case "rule":
      return html`<hr />`;
    default:
      return html`<p class="words" dir="auto">${renderInline(block.children, names)}</p>`;
  }
}

/** @param {{ item: ListItem; names: Names }} props */
function Item({ item: { done, children }, names }) {
  // A line of text needs no paragraph of its own.
  const shown = children.map((block) =>
    block.type === "text" && block === children[0]
      ? renderInline(block.children, names)
      : html`<${Block} block=${block} names=${names} />`,
  );
  if (done === null) return html`<li dir="auto">${shown}</li>`;
  return html`<li class="task" dir="auto"><input type="checkbox" disabled checked=${done} aria-label=${t(done ? "message.task-done" : "message.task-open")} />${shown}</li>`;
}

/** @param {{ table: TableBlock; names: Names }} props */
function Table({ table: { align, rows }, names }) {
  const [head, ...body] = rows;
  /**
   * @param {Inline[][]} cells
   * @param {string} tag
   */
  const row = (cells, tag) =>
    html`<tr>${cells.map((cell, column) => html`<${tag} class=${align[column]} dir="auto">${renderInline(cell, names)}<//>`)}</tr>`;
  return html`<div class="table" tabindex="0"><table>
    <thead>${row(head, "th")}</thead>
    ${body.length > 0 && html`<tbody>${body.map((cells) => row(cells, "td"))}</tbody>`}
  </table></div>`;
}

/**
 * Code without colours until the highlighter is loaded.
 * @param {{ lang: string; text: string }} props
 */
function Code({ lang, text }) {
  /** @type {State<{ kind: string; text: string }[] | null>} */
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
