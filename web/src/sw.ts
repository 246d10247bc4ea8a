/// <reference lib="webworker" />
declare const self: ServiceWorkerGlobalScope;
/** Every file of the page, and a name that changes with any of them: the build writes both. */
declare const FILES: string[];
declare const VERSION: string;

const NAME = `spoken-digits ${VERSION}`;

self.addEventListener("install", (event) => {
  // A newer version waits until the older one's page is closed, which needs its own files,
  // or until the user wants it.
  const files = FILES.map((file) => new Request(file, { cache: "no-cache" })); // asks if it is new
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(files)));
});

self.addEventListener("message", () => self.skipWaiting());

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => names.filter((name) => name !== NAME));
  event.waitUntil(old.then((names) => Promise.all(names.map((name) => caches.delete(name)))));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  // The query is ignored: ?model= is the page's affair.
  const kept = caches.open(NAME).then((cache) => cache.match(request, { ignoreSearch: true }));
  event.respondWith(kept.then((found) => found ?? fetch(request)));
});

export {};
