/** The page that was built, in a real browser, with a microphone that plays files. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { AxeResults } from "axe-core";
import { unzipSync } from "fflate";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { launch } from "./chromium.mjs";
import { clips, expected, listening, made, type NumberLine } from "./made";
import { DESKTOP, hear, listenToAll, open, PHONE, problem, ready, transcript } from "./page";

const ROOT = join(import.meta.dirname, "../..");
const AXE = createRequire(import.meta.url).resolve("axe-core");
const NEAR = 1e-3; // between probabilities
const THEMES = ["light", "dark"] as const;
const SIZES = { 1280: DESKTOP, 390: PHONE };

/** A folder for pictures of the page, to be looked at. */
const SCREENSHOTS = process.env["SCREENSHOTS"];

const python = expected();

let browser: Browser; // its microphone plays stream.wav

beforeAll(async () => {
  browser = await launch(made("stream.wav"));
});
afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
afterAll(() => browser.close());

describe("a microphone", () => {
  test("is heard: the words that were said, and none besides", async () => {
    const { page, errors, requests } = await ready(browser);
    const heard = listenToAll(page);
    if (SCREENSHOTS) {
      await page.waitForSelector("#history li:nth-child(20)");
      await look(page, "listening");
    }
    await heard;
    expect(await page.textContent("#listen")).toBe("Listen");
    const last = page.locator("#history .said").first(); // it is there once it was painted
    await expect
      .poll(() => page.textContent("#spoken"))
      .toContain((await last.textContent())?.replace("–", "not a digit"));

    const claimed = (await transcript(page)).filter(({ digit }) => digit !== null);
    expect(await page.textContent("#number")).toBe(claimed.map(({ digit }) => digit).join(""));
    // In order, and not by the clock: a browser on a busy machine loses some of the silence.
    const right = inCommon(
      python.said.map(([label]) => label),
      claimed.map(({ digit }) => digit),
    );
    const theirs = inCommon(
      python.said.map(([label]) => label),
      python.heard.map(({ digit }) => digit),
    );
    const words = `${right} of ${python.said.length} words right, ${claimed.length - right} besides`;
    console.log(`${words}; predict_live.py gets ${theirs} right in the same stream`);
    expect(right).toBeGreaterThanOrEqual(python.said.length - 1);
    expect(claimed.length).toBeLessThanOrEqual(python.said.length);
    // What is cut off by stopping has no time; the others waited for the hang-over at least.
    const waited = claimed.flatMap(({ latency_ms }) => latency_ms ?? []);
    expect(waited.length).toBeGreaterThanOrEqual(claimed.length - 1);
    expect(Math.min(...waited)).toBeGreaterThan(listening.hangover_ms);

    expect(errors).toEqual([]);
    expect(requests.filter((url) => !isOurs(url))).toEqual([]);
    // Those of the workers are among them: the one that hears, and the one for offline use.
    expect(requests.filter((url) => url.endsWith(".wasm")).length).toBeGreaterThan(0);
  });

  test("that is refused is asked for", async () => {
    const refusing = await launch(made("stream.wav"), ["--use-fake-ui-for-media-stream=deny"]);
    expect(await complaint(refusing)).toContain("The microphone was refused. Allow it");
  });

  test("that is not there is missed", async (context) => {
    const without = await launch(null);
    const page = await without.newPage();
    await page.goto(inject("address"));
    const devices = await page.evaluate(() => navigator.mediaDevices.enumerateDevices());
    if (devices.some(({ kind }) => kind === "audioinput")) {
      await without.close();
      context.skip("this machine has a microphone");
    }
    expect(await complaint(without)).toContain("No microphone was found. Plug one in");
  });

  test("that another program has is named as such", async () => {
    // No second program can take a fake device away: the browser's answer is given in its place.
    const { page } = await ready(browser);
    await page.evaluate(() => {
      navigator.mediaDevices.getUserMedia = () =>
        Promise.reject(new DOMException("Could not start audio source", "NotReadableError"));
    });
    await page.click("#listen");
    expect(await problem(page)).toContain("The microphone is in use by another program");
    expect(await page.textContent("#listen")).toBe("Listen");
  });

  test("that is silent is complained about", async () => {
    expect(await complaint(await launch(made("silence.wav")))).toContain(
      "gives nothing but digital silence, as one that is muted",
    );
  });

  /** Listen with a browser, return the message that this gives, and close it. */
  async function complaint(other: Browser): Promise<string> {
    const { page } = await ready(other);
    await page.click("#listen");
    const message = await problem(page);
    await other.close();
    return message;
  }
});

describe("files", () => {
  test("of one word have the probabilities that Python gives them", async () => {
    const { page } = await ready(browser);
    const files = clips(); // 100 by people, 50 by synthetic voices
    await hear(page, files, files.length);
    const lines = await transcript(page);
    const differences = lines.flatMap(({ file, probabilities }) =>
      Object.values(probabilities).map((one, i) => Math.abs(one - python.clips[file ?? ""][i])),
    );
    expect(differences.length).toBe(11 * files.length);
    const largest = Math.max(...differences);
    console.log(
      `largest difference of a probability, ${lines.length} clips: ${largest.toFixed(5)}`,
    );
    expect(largest).toBeLessThanOrEqual(NEAR);
  });

  test("of many words give the words of predict_live.py", async () => {
    const { page } = await ready(browser);
    await page.setInputFiles("#files", [made("stream.wav")]);
    await page.waitForSelector("body[data-state=hearing]");
    await page.waitForSelector("body[data-state=off]");
    const ours = await transcript(page);
    expect(ours.map(({ start, end, digit }) => [start, end, digit])).toEqual(
      python.heard.map(({ start, end, digit }) => [start, end, digit]),
    );
    for (const [i, { probabilities }] of ours.entries()) {
      for (const [label, probability] of Object.entries(python.heard[i].probabilities)) {
        expect(Math.abs(probabilities[label] - probability)).toBeLessThanOrEqual(NEAR);
      }
    }
  });

  test("may be WAV, FLAC, MP3, OGG, WebM or M4A", async () => {
    const { page } = await ready(browser);
    const files = ["wav", "flac", "mp3", "ogg"].map((suffix) => made(`three.${suffix}`));
    for (const type of ["webm", "mp4"]) {
      const recorded = await page.evaluate(
        record,
        [...readFileSync(made("three.wav"))].map((byte) => String.fromCharCode(byte)).join("") +
          type,
      );
      if (!recorded) {
        expect(type).toBe("mp4"); // not every build of the browser writes it
        continue;
      }
      const file = made(`three.${type.replace("mp4", "m4a")}`);
      writeFileSync(file, Buffer.from(recorded, "base64"));
      files.push(file);
    }
    await hear(page, files, files.length);
    const lines = await transcript(page);
    expect(lines.map(({ digit }) => digit)).toEqual(files.map(() => "3"));
  });

  test("that are no sound are refused by name", async () => {
    const { page } = await ready(browser);
    await page.setInputFiles("#files", [made("text.mp3")]);
    expect(await problem(page)).toBe("text.mp3: not a sound file that this browser can read.");
  });

  test("may be dropped on the page", async () => {
    const { page } = await ready(browser);
    const content = readFileSync(made("three.wav")).toString("base64");
    await page.evaluate((encoded) => {
      const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([bytes], "three.wav"));
      for (const type of ["dragover", "drop"]) {
        document.body.dispatchEvent(
          new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }),
        );
      }
    }, content);
    await expect.poll(() => page.textContent("#history .said")).toBe("3");
    expect(await page.isVisible("#drop")).toBe(false);
  });
});

describe("numbers", () => {
  test("are written down while they are said, as by predict_live.py", { retry: 2 }, async () => {
    const theirs = python.numbers.voice.map(({ string }) => string);
    const other = await launch(made("voice.wav")); // a machine that is very busy loses some of it
    try {
      const { page, errors, requests } = await ready(other);
      await page.getByRole("switch", { name: "Write down a number" }).check();
      expect(await page.isVisible("#likely")).toBe(false);
      await page.evaluate(rememberNumbers);
      const heard = listenToAll(page);
      if (SCREENSHOTS) {
        await page.waitForFunction(() => document.querySelector("#number")?.textContent?.[3]);
        await page.screenshot({ path: join(SCREENSHOTS, "number-said.png") });
      }
      await heard;
      const ours = (await transcript<NumberLine>(page)).map(({ string }) => string);
      console.log(`said: ${python.numbers_said.join(", ")}; read: ${ours.join(", ")}`);
      expect(theirs.length).toBe(python.numbers_said.length);
      expect(ours).toEqual(theirs);
      const rows = await page.locator("#history .number .said").allTextContents();
      expect(rows).toEqual([...theirs].reverse());
      for (const details of await page.locator("#history .number .details").allTextContents()) {
        expect(details).toMatch(/ · after \d{4,} ms$/); // the pause, and more
      }
      // The pad has the latest, and each grew there.
      expect(await page.textContent("#number")).toBe(theirs.at(-1));
      const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
      for (const one of theirs) {
        const parts = seen.filter((part) => part.length < one.length && one.startsWith(part));
        expect(parts.filter(Boolean)).not.toEqual([]);
      }
      await look(page, "numbers");
      expect(errors).toEqual([]);
      expect(requests.filter((url) => !isOurs(url))).toEqual([]);
    } finally {
      await other.close();
    }
  });

  test("in a file are those of predict_live.py", async () => {
    const { page } = await ready(browser, "?model=tones/digits.onnx");
    await page.check("#numbers");
    await page.setInputFiles("#files", [made("tones.wav")]);
    const theirs = python.numbers.tones;
    await expect.poll(() => page.locator("#history li").count()).toBe(theirs.length);
    const ours = await transcript<NumberLine>(page);
    for (const [i, { string, confidence, digits }] of ours.entries()) {
      expect([string, digits.length]).toEqual([theirs[i].string, theirs[i].digits.length]);
      expect(Math.abs(confidence - theirs[i].confidence)).toBeLessThanOrEqual(NEAR);
      for (const [j, { digit, start, end }] of digits.entries()) {
        const { confidence: _, ...other } = theirs[i].digits[j];
        expect({ digit, start, end }).toEqual(other);
      }
    }
  });

  test("are copied by a button", async () => {
    const { page } = await ready(browser, "?model=tones/digits.onnx");
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.check("#numbers");
    await page.setInputFiles("#files", [made("tones.wav")]);
    await page.getByRole("button", { name: "Copy 31415" }).click();
    await page.getByRole("button", { name: "Copied 31415" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("31415");
    expect(await page.textContent("#spoken")).toBe("9 2 6"); // a screen reader's, digit by digit
  });

  test("need a network beside the model, and the switch says so", async () => {
    const { page } = await ready(browser, "?model=alone/digits.onnx");
    expect(await page.isEnabled("#numbers")).toBe(false);
    expect(await page.textContent("#no-numbers")).toBe(
      "Beside digits.onnx is no numbers.onnx, the network that reads numbers.",
    );
    // It may be dropped, too.
    await page.setInputFiles("#files", [made("web/dist/tones/numbers.onnx")]);
    await expect.poll(() => page.isEnabled("#numbers")).toBe(true);
    expect(await page.textContent("#no-numbers")).toBe("");
    await page.check("#numbers");
    await page.setInputFiles("#files", [made("words.onnx")]);
    await expect
      .poll(() => page.textContent("#no-numbers"))
      .toBe("numbers.onnx reads other words than words.onnx.");
    expect(await page.isChecked("#numbers")).toBe(false);
    expect(await page.isVisible("#likely")).toBe(true);
  });
});

describe("a model", () => {
  test("of other words drops in, and back", async () => {
    const { page } = await ready(browser);
    await page.setInputFiles("#files", [made("words.onnx")]);
    await expect.poll(() => page.textContent("#model")).toContain("words.onnx");
    expect(await page.locator("#bars .label").allTextContents()).toEqual([
      "yes",
      "no",
      "lights-on",
      "other",
    ]);
    expect(await page.isVisible("#pad")).toBe(false);
    await hear(page, [made("lights-on.wav")], 1);
    expect(await page.textContent("#word")).toBe("lights-on");
    await look(page, "words");
  });

  test("of another picture is used as any other: its graph takes the picture", async () => {
    const { page } = await ready(browser);
    expect(await page.locator(".axis").allTextContents()).toEqual(["8 kHz", "20 Hz"]);
    await page.setInputFiles("#files", [made("narrow.onnx")]);
    await expect.poll(() => page.textContent("#model")).toContain("narrow.onnx");
    expect(await page.locator(".axis").allTextContents()).toEqual(["4 kHz", "100 Hz"]);
    expect(await page.textContent("#problem")).toBe("");
  });

  test("may be named in the address, on this host alone", async () => {
    const same = await ready(browser, "?model=models/digits.onnx");
    expect(await same.page.textContent("#model")).toContain("digits.onnx, trained on ");
    const other = await open(browser, "?model=https://example.org/digits.onnx");
    expect(await problem(other.page)).toContain("on another host. Download it, and drop it here.");
    const none = await open(browser, "?model=models/none.onnx");
    expect(await problem(none.page)).toBe("none.onnx cannot be fetched (404).");
  });

  test("that cannot be used is refused, and the present one stays", async () => {
    const { page } = await ready(browser);
    const refused = [
      ["cut.onnx", "not an ONNX model that can be read"],
      ["text.onnx", "not an ONNX model that can be read"],
      ["foreign.onnx", "not one of this project: it has no format"],
      ["older.onnx", 'of another version ("spoken-digits 0"; this page reads "spoken-digits 1")'],
    ];
    for (const [name, message] of refused) {
      await page.setInputFiles("#files", [made(name)]);
      await expect.poll(() => problem(page)).toContain(`${name}: `);
      expect(await problem(page)).toContain(message);
    }
    await hear(page, [made("three.wav")], 1);
    expect(await page.textContent("#word")).toBe("3");
  });

  test("cannot run without WebAssembly, and the page says so", async () => {
    const without = await launch(made("stream.wav"), ["--js-flags=--jitless"]);
    const { page } = await open(without);
    expect(await problem(page)).toContain("This browser has no WebAssembly, or it is switched off");
    expect(await page.isEnabled("#listen")).toBe(false);
    await without.close();
  });
});

describe("corrections", () => {
  test("become recordings that the pipeline takes", async () => {
    const { page } = await ready(browser);
    await hear(page, [made("three.wav"), made("three.flac"), made("three.ogg")], 3);
    const rows = page.locator("#history li");
    await rows.nth(0).locator("select").selectOption("8");
    await rows.nth(1).locator("select").selectOption("8");
    await rows.nth(2).locator("select").selectOption("another word …");
    await page.keyboard.type("Grüß dich");
    await page.keyboard.press("Enter");
    expect(await page.textContent("#kept")).toBe("3 clips");
    await page.fill("#speaker", "anna");
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.click("#corrections button[type=submit]"),
    ]);
    expect(file.suggestedFilename()).toBe("recordings-anna.zip");
    const zip = made(file.suggestedFilename());
    await file.saveAs(zip);
    const names = ["8_anna_0.wav", "8_anna_1.wav", "other-gruss-dich_anna_0.wav"];
    expect(Object.keys(unzipSync(readFileSync(zip))).sort()).toEqual(names);
    const packed = execFileSync("python", ["web/tests/collected.py", zip], {
      cwd: ROOT,
      env: { ...process.env, PYTHONPATH: "src" },
      encoding: "utf8",
    });
    expect(JSON.parse(packed)).toEqual(names);
    await page.click("#forget");
    expect(await page.isVisible("#corrections")).toBe(false);
  });

  test("need a speaker's name that file names can have", async () => {
    const { page } = await ready(browser);
    await hear(page, [made("three.wav")], 1);
    await page.locator("#history select").selectOption("8");
    await page.fill("#speaker", "Anna B.");
    await page.click("#corrections button[type=submit]");
    expect(await page.locator("#speaker:invalid").count()).toBe(1);
  });
});

describe("everybody", () => {
  test("can use it by keyboard alone", async () => {
    const { page } = await ready(browser);
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("files");
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("listen");
    await page.keyboard.press("Enter");
    await page.waitForSelector("body[data-state=listening]");
    await page.keyboard.press("Space"); // on the button: once, and not as the page's key too
    await page.waitForSelector("body[data-state=off]");
    for (const key of ["Clear the number", "1", "2"]) // a word may have been heard meanwhile
      await page.getByRole("button", { name: key, exact: true }).press("Enter");
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.keyboard.press("Backspace");
    expect(await page.textContent("#number")).toBe("1");
  });

  test("can read it, by axe's rules: light and dark, on a desk and on a phone", async () => {
    const { page } = await ready(browser);
    await hear(page, clips().slice(0, 3), 3);
    await page.locator("#history select").first().selectOption("8");
    await readable(page);
    await page.goto(`${inject("address")}?model=tones/digits.onnx`);
    await page.waitForSelector("#numbers:enabled");
    await page.check("#numbers");
    await hear(page, [made("long.wav")], 2);
    await readable(page);
  });

  async function readable(page: Page): Promise<void> {
    for (const colorScheme of THEMES) {
      for (const viewport of Object.values(SIZES)) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme });
        expect(await violations(page)).toEqual([]);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(wide).toBeLessThanOrEqual(viewport.width);
      }
    }
  }

  test("is told that a file is no page", async () => {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(made("web/dist/index.html")).href);
    await page.waitForSelector("#lifeless:visible");
    expect(await page.textContent("#lifeless")).toContain("needs JavaScript, and a web server");
    expect(await page.isEnabled("#listen")).toBe(false);
    await page.context().close();
  });

  test("can use it offline, after the first visit", async () => {
    const { page, errors } = await ready(browser);
    await expect.poll(() => page.textContent("#offline")).toContain("works offline");
    await page.context().setOffline(true);
    await page.reload();
    await page.waitForSelector("#listen:enabled");
    await hear(page, [made("three.wav")], 1);
    expect(await page.textContent("#word")).toBe("3");
    expect(await page.isEnabled("#numbers")).toBe(true);
    expect(errors).toEqual([]);
  });

  test("is offered a newer version, and need not close the page for it", async () => {
    const { page } = await ready(browser);
    await expect.poll(() => page.textContent("#offline")).toContain("works offline");
    const [script, html] = ["sw.js", "index.html"].map((name) => made(join("web/dist", name)));
    const [before, old] = [script, html].map((path) => readFileSync(path, "utf8"));
    try {
      writeFileSync(script, before.replace(/[0-9a-f]{12}/, "newer"));
      writeFileSync(html, old.replace("<h1>Spoken digits", "<h1>A newer page"));
      await page.reload();
      await page.waitForSelector("#update:visible");
      expect(await page.textContent("h1")).toBe("Spoken digits");
      await page.click("#update");
      await expect.poll(() => page.textContent("h1")).toBe("A newer page");
      expect(await page.isVisible("#newer")).toBe(false);
    } finally {
      writeFileSync(script, before);
      writeFileSync(html, old);
    }
  });

  test("can install it", async () => {
    const { page } = await ready(browser);
    await expect.poll(() => page.textContent("#offline")).toContain("works offline");
    const session = await page.context().newCDPSession(page);
    const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
    // A context of its own is a private window, where nothing is installed: nothing else is amiss.
    expect(installabilityErrors.map(({ errorId }) => errorId)).toEqual(["in-incognito"]);
  });
});

/** The length of the longest common subsequence: what was said and heard in the same order. */
function inCommon(said: string[], heard: (string | null)[]): number {
  let row = new Array<number>(heard.length + 1).fill(0);
  for (const label of said) {
    const above = row;
    row = [0];
    for (const [i, one] of heard.entries()) {
      row.push(one === label ? above[i] + 1 : Math.max(above[i + 1], row[i]));
    }
  }
  return row[heard.length];
}

function isOurs(url: string): boolean {
  return url.replace("blob:", "").startsWith(inject("address"));
}

/** Keep, in the page, all that its number pad shows from now on. */
function rememberNumbers(): void {
  const seen: string[] = [];
  const number = document.querySelector("#number");
  new MutationObserver(() => seen.push(number?.textContent ?? "")).observe(document.body, {
    childList: true,
    subtree: true,
  });
  Object.assign(window, { seen });
}

function focused(page: Page): Promise<string | undefined> {
  return page.evaluate(() => document.activeElement?.id);
}

async function violations(page: Page): Promise<string[]> {
  // The policy allows no script but the page's own: the tool comes in through the debugger.
  await page.evaluate(readFileSync(AXE, "utf8"));
  const found: AxeResults = await page.evaluate("axe.run()");
  expect(found.passes.length).toBeGreaterThan(20);
  return found.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`,
  );
}

async function look(page: Page, name: string): Promise<void> {
  if (!SCREENSHOTS) return;
  for (const theme of THEMES) {
    for (const [width, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme: theme });
      await page.waitForTimeout(300);
      const path = join(SCREENSHOTS, `${name}-${width}-${theme}.png`);
      await page.screenshot({ path, fullPage: width === "390" });
    }
  }
  await page.setViewportSize(DESKTOP);
}

/** Encode a WAV file in the page, as the browser's own recorder does; base64, or null. */
async function record(wavAndType: string): Promise<string | null> {
  const type = `audio/${wavAndType.endsWith("webm") ? "webm" : "mp4"}`;
  if (!MediaRecorder.isTypeSupported(type)) return null;
  const wav = Uint8Array.from(wavAndType, (letter) => letter.charCodeAt(0));
  const context = new AudioContext();
  const source = context.createBufferSource();
  source.buffer = await context.decodeAudioData(wav.slice(0, -type.length + 6).buffer);
  const destination = context.createMediaStreamDestination();
  source.connect(destination);
  const recorder = new MediaRecorder(destination.stream, { mimeType: type });
  const parts: Blob[] = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const stopped = new Promise((resolve) => {
    recorder.onstop = resolve;
  });
  recorder.start();
  source.onended = () => setTimeout(() => recorder.stop(), 300);
  source.start();
  await stopped;
  await context.close();
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
