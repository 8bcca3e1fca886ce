// Bringing files to a room, before the message that takes them.

import { t } from "../lib/i18n.js";
import { fileSize } from "../lib/text.js";
import { notify } from "./announce.js";
import { renew, renewalIsDue } from "./api.js";
import { server } from "./state.js";
import { randomName } from "./storage.js";

/** A message takes so many. */
const MOST = 10;
const PREVIEWS = /^image\/(?:png|jpeg|gif|webp)$/u;

/**
 * Brings `files`, beside the `there` that were brought already, and tells how it goes by
 * `set(uploads => uploads)`. An upload is `{id, name, preview, state, share, reason, file, drop}`, with a
 * `state` of `coming`, `here` or `failed`.
 */
export function bring(room, files, there, set) {
  const taken = files.slice(0, Math.max(0, MOST - there));
  if (taken.length < files.length) notify(t("files.too-many", { n: MOST }), "bad");
  const uploads = taken.map((source) => begun(source, set));
  set((before) => [...before, ...uploads.map(({ upload }) => upload)]);
  void (async () => {
    // One after the other: the server lets a user bring a few at once, and the first is ready first.
    for (const { upload, source } of uploads) await sent(room, upload, source, set);
  })();
}

/** The size is checked before the upload; a server that could not be asked for its limit refuses the file itself. */
function refusalOf({ size }) {
  const limit = server.value?.limits.file_bytes ?? Infinity;
  if (size > limit) return { state: "failed", reason: t("files.too-large", { limit: fileSize(limit) }) };
  return { state: "coming", reason: null };
}

function begun(source, set) {
  const id = randomName();
  const preview = PREVIEWS.test(source.type) ? URL.createObjectURL(source) : null;
  const upload = { id, name: source.name, preview, ...refusalOf(source), share: 0, file: null, xhr: null };
  upload.drop = () => {
    upload.dropped = true;
    upload.xhr?.abort();
    if (preview) URL.revokeObjectURL(preview);
    set((before) => before.filter((one) => one.id !== id));
  };
  return { upload, source };
}

/** `fetch` does not tell how much of a body has left. */
async function sent(room, upload, source, set) {
  const change = (what) => set((before) => before.map((one) => (one.id === upload.id ? { ...one, ...what } : one)));
  if (upload.dropped || upload.state === "failed") return;
  if (renewalIsDue()) await renew(Date.now());
  const xhr = new XMLHttpRequest();
  upload.xhr = xhr;
  const { promise, resolve } = Promise.withResolvers();
  xhr.upload.onprogress = ({ loaded, total }) => change({ share: total > 0 ? loaded / total : 0 });
  xhr.onloadend = resolve;
  xhr.open("POST", `/api/rooms/${room.id}/files?name=${encodeURIComponent(source.name)}`);
  xhr.setRequestHeader("content-type", "application/octet-stream");
  xhr.send(source);
  await promise;
  if (upload.dropped) return;
  const answer = parsed(xhr.responseText);
  if (xhr.status === 201) change({ state: "here", share: 1, file: answer });
  else change({ state: "failed", reason: answer.detail ?? t("files.failed") });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
