// Templates to nodes. Values become text or properties, never markup.

import htm from "htm";
import { h } from "preact";

/** @type {(strings: TemplateStringsArray, ...values: TemplateValue[]) => View} */
export const html = htm.bind(h);
