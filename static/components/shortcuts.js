// The list of keyboard shortcuts.

import { SHORTCUTS, nameOfKey } from "../core/shortcuts.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Dialog } from "./dialog.js";

export default function ShortcutsDialog() {
  return html`<${Dialog} title=${t("dialog.keyboard")}><${Shortcuts} /><//>`;
}

function Shortcuts() {
  const groups = Map.groupBy(SHORTCUTS, ({ group }) => group);
  return [...groups].map(
    ([group, shortcuts]) => html`<section class="part" key=${group}>
      <h3>${t(group)}</h3>
      <dl class="keys">${shortcuts.map(({ keys, label }) => html`<div><dt>${t(label)}</dt><dd>${keys.map((key) => html`<kbd>${t(nameOfKey(key))}</kbd> `)}</dd></div>`)}</dl>
    </section>`,
  );
}
