// Files of a message: pictures, sounds, videos, and others by name.

import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { fileSize } from "../lib/text.js";
import { Icon } from "./icon.js";

const MAX_WIDTH = 360;
const MAX_HEIGHT = 320;
const IMAGES = /^image\/(?:png|jpeg|gif|webp)$/u;
const AUDIO = /^audio\/(?:mpeg|ogg|wav|flac|aac|mp4|webm)$/u;
const VIDEOS = /^video\/(?:mp4|webm|ogg)$/u;

/** @param {{ files: FileInfo[] }} props */
export function Attachments({ files }) {
  return html`<ul class="attachments" aria-label=${t("files.of-message")}>${files.map((file) => html`<li key=${file.id}><${Attachment} file=${file} /></li>`)}</ul>`;
}

/** @param {{ file: FileInfo }} props */
function Attachment({ file }) {
  if (IMAGES.test(file.mime) && file.width && file.height) return html`<${ImageLink} file=${file} />`;
  if (AUDIO.test(file.mime))
    return html`<audio controls preload="none" src=${file.url} aria-label=${file.name}></audio>`;
  if (VIDEOS.test(file.mime))
    return html`<video controls preload="metadata" src=${file.url} aria-label=${file.name}></video>`;
  return html`<a class="file" href=${file.url} download=${file.name}>
    <${Icon} name="file" /><span class="file-name" dir="auto">${file.name}</span> <span class="file-size">${fileSize(file.size)}</span>
  </a>`;
}

/**
 * The space is reserved, so that nothing moves when the picture loads.
 * @param {{ file: FileInfo & { width: number; height: number } }} props
 */
function ImageLink({ file }) {
  const scale = Math.min(1, MAX_WIDTH / file.width, MAX_HEIGHT / file.height);
  const [width, height] = [file.width, file.height].map((side) => Math.max(1, Math.round(side * scale)));
  return html`<a class="picture" href=${file.url} target="_blank" rel="noopener">
    <img src=${file.thumbnail ?? file.url} alt=${file.name} width=${width} height=${height} loading="lazy" decoding="async" />
  </a>`;
}
