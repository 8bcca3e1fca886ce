// Service worker: stores the files of the page, so that it opens immediately and offline.
//
// One version of the page is one cache. A new version is fetched beside the old one and waits
// until the user accepts it, so that a running page never loads files of another version.

/* global BUILD */
// `BUILD = {version, pages, files: {"/app.js": "its entity tag", …}}`, written by the server. That it
// differs is how the browser notices a new version.
importScripts("/build.js");

const PREFIX = "parlor-";
const CACHE = PREFIX + BUILD.version;

/** Returns the entity tag of a response. Compression makes it weak. */
const tagOf = (response) => (response.headers.get("etag") ?? "").replace(/^W\//u, "");

/** Fetches changed files and copies the others from the previous version. */
async function fill() {
  const cache = await caches.open(CACHE);
  const keep = async ([path, tag]) => {
    const kept = await caches.match(path);
    if (kept && tagOf(kept) === tag) return cache.put(path, kept);
    const fresh = await fetch(path, { cache: "no-cache" });
    // The server was upgraded meanwhile, so this version is no longer available.
    if (!fresh.ok || tagOf(fresh) !== tag) throw new Error(`${path} is not of version ${BUILD.version}`);
    return cache.put(path, fresh);
  };
  await Promise.all(Object.entries(BUILD.files).map(keep));
}

async function dropOthers() {
  for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
}

/** Returns the stored file for a request, or null for API requests, uploads and downloads. */
function fileFor({ method, mode, url }) {
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== location.origin) return null;
  const isPage = mode === "navigate" && (pathname === "/" || BUILD.pages.some((start) => pathname.startsWith(start)));
  const path = isPage ? "/" : pathname;
  return Object.hasOwn(BUILD.files, path) ? path : null;
}

async function answer(path, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
}

addEventListener("install", (event) => event.waitUntil(fill()));
addEventListener("activate", (event) => event.waitUntil(dropOthers().then(() => clients.claim())));
addEventListener("message", ({ data }) => {
  if (data === "let in") void skipWaiting();
});
addEventListener("fetch", (event) => {
  const path = fileFor(event.request);
  if (path !== null) event.respondWith(answer(path, event.request));
});

/** Opens the message of a notification, in an open page if there is one. */
async function openAt(path) {
  const [page] = await clients.matchAll({ type: "window" });
  if (!page) return clients.openWindow(path);
  page.postMessage({ open: path });
  return page.focus();
}
addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openAt(event.notification.data?.path ?? "/"));
});
