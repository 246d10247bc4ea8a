import { element } from "./element";

/** Keep the page for use without a network, and offer the next version once it is there. */
export async function keep(): Promise<void> {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const updated = navigator.serviceWorker.controller !== null; // else it is the first visit
  try {
    const kept = await navigator.serviceWorker.register("./sw.js");
    kept.addEventListener("updatefound", () => {
      const coming = kept.installing;
      coming?.addEventListener("statechange", () => {
        if (coming.state === "installed" && updated) offer(coming);
      });
    });
    if (kept.waiting) offer(kept.waiting);
    await navigator.serviceWorker.ready;
    element("offline", HTMLElement).textContent = "It works offline from now on.";
  } catch {
    // A private window, say: the page works all the same.
  }
}

/** Let the user change to a version that waits until this one's page is closed. */
function offer(waiting: ServiceWorker): void {
  element("newer", HTMLElement).hidden = false;
  element("update", HTMLButtonElement).onclick = () => waiting.postMessage("now");
  navigator.serviceWorker.oncontrollerchange = () => location.reload();
}
