// Uploads files to a room before the message that attaches them.

import { t } from "../lib/i18n.js";
import { fileSize } from "../lib/text.js";
import { showToast } from "./toast.js";
import { renew, renewalIsDue } from "./api.js";
import { server } from "./state.js";
import { randomId } from "./storage.js";

const MAX_FILES = 10;
const PREVIEWS = /^image\/(?:png|jpeg|gif|webp)$/u;

/**
 * Uploads `files` next to `count` earlier ones, and reports every change by `set(uploads => uploads)`. An upload is
 * `{id, name, preview, state, progress, reason, file, remove}`. Its `state` is `pending`, `ready` or `failed`.
 * @param {Room} room
 * @param {File[]} files
 * @param {number} count
 * @param {SetUploads} set
 */
export function uploadFiles(room, files, count, set) {
  const taken = files.slice(0, Math.max(0, MAX_FILES - count));
  if (taken.length < files.length) showToast(t("files.too-many", { n: MAX_FILES }), "bad");
  const uploads = taken.map((source) => createUpload(source, set));
  set((before) => [...before, ...uploads.map(({ upload }) => upload)]);
  void (async () => {
    // One after the other, because the server limits the concurrent uploads of a user.
    for (const { upload, source } of uploads) await sendUpload(room, upload, source, set);
  })();
}

/**
 * Checks the size before the upload. If the limit is unknown, the server refuses the file.
 * @param {File} file
 * @returns {Pick<Upload, "state" | "reason">}
 */
function initialState({ size }) {
  const limit = server.value?.limits.file_bytes ?? Infinity;
  if (size > limit) return { state: "failed", reason: t("files.too-large", { limit: fileSize(limit) }) };
  return { state: "pending", reason: null };
}

/**
 * @param {File} source
 * @param {SetUploads} set
 */
function createUpload(source, set) {
  const id = randomId();
  const preview = PREVIEWS.test(source.type) ? URL.createObjectURL(source) : null;
  /** @type {Upload} */
  const upload = {
    id,
    name: source.name,
    preview,
    ...initialState(source),
    progress: 0,
    file: null,
    xhr: null,
    remove() {
      upload.removed = true;
      upload.xhr?.abort();
      if (preview) URL.revokeObjectURL(preview);
      set((before) => before.filter((one) => one.id !== id));
    },
  };
  return { upload, source };
}

/**
 * `fetch` does not report the progress of an upload.
 * @param {Room} room
 * @param {Upload} upload
 * @param {File} source
 * @param {SetUploads} set
 */
async function sendUpload(room, upload, source, set) {
  /** @param {Partial<Upload>} what */
  const change = (what) => set((before) => before.map((one) => (one.id === upload.id ? { ...one, ...what } : one)));
  if (upload.removed || upload.state === "failed") return;
  if (renewalIsDue()) await renew(Date.now());
  const xhr = new XMLHttpRequest();
  upload.xhr = xhr;
  xhr.upload.onprogress = ({ loaded, total }) => change({ progress: total > 0 ? loaded / total : 0 });
  xhr.open("POST", `/api/rooms/${room.id}/files?name=${encodeURIComponent(source.name)}`);
  xhr.setRequestHeader("content-type", "application/octet-stream");
  await new Promise((resolve) => {
    xhr.onloadend = resolve;
    xhr.send(source);
  });
  if (upload.removed) return;
  const answer = parseJson(xhr.responseText);
  if (xhr.status === 201) change({ state: "ready", progress: 1, file: answer });
  else change({ state: "failed", reason: answer.detail ?? t("files.failed") });
}

/**
 * @param {string} text
 * @returns {Json}
 */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
