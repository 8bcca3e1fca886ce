import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { closeDialog } from "../core/state.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { IconButton } from "./icon.js";
import { Toast } from "./toast.js";

/**
 * A modal dialog. The browser keeps the focus inside and gives it back afterwards.
 * @param {{ title: string; children?: View; wide?: boolean }} props
 */
export function Dialog({ title, children, wide = false }) {
  /** @type {{ current: HTMLDialogElement }} */
  const element = useRef(null);
  const id = useId();
  useLayoutEffect(() => {
    const shown = element.current;
    shown.showModal();
    return () => {
      shown.close();
      // If the element that opened the dialog is gone, the composer gets the focus.
      if (document.activeElement === document.body) document.getElementById("composer")?.focus();
    };
  }, []);

  /** @param {Event} event */
  const cancel = (event) => {
    event.preventDefault();
    closeDialog();
  };
  /** @param {Event} event */
  const onBackdrop = (event) => event.target === element.current && closeDialog();

  return html`<dialog ref=${element} class=${wide ? "dialog wide" : "dialog"} aria-labelledby=${id} onCancel=${cancel} onPointerDown=${onBackdrop}>
    <div class="dialog-body">
      <div class="dialog-head">
        <h2 id=${id}>${title}</h2>
        <${IconButton} icon="close" label=${t("app.close")} onClick=${closeDialog} />
      </div>
      ${children}
    </div>
    <${Toast} />
  </dialog>`;
}
