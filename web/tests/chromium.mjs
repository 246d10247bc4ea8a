import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** The browser's program: CHROMIUM, or what the PATH has; null if there is none. */
export function found() {
  if (process.env["CHROMIUM"]) return process.env["CHROMIUM"];
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    for (const name of NAMES) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {}
    }
  }
  return null;
}

/**
 * Start the browser with a microphone that plays a WAV file once; null: with this machine's own.
 *
 * @param {string | null} wav
 * @param {string[]} args more of the browser's arguments
 */
export function launch(wav, args = []) {
  const device = wav
    ? ["--use-fake-device-for-media-stream", `--use-file-for-fake-audio-capture=${wav}%noloop`]
    : [];
  const allowed = args.some((one) => one.startsWith("--use-fake-ui"))
    ? []
    : ["--use-fake-ui-for-media-stream"];
  return chromium.launch({
    executablePath: found() ?? "chromium",
    args: ["--no-sandbox", ...device, ...allowed, ...args], // root has no sandbox
  });
}
