/**
 * Let the page listen to a WAV file, for benchmarks/live/browser.py.
 *
 * Usage: node web/tests/listen.mjs ADDRESS WAV SECONDS [numbers]
 *
 * Prints a JSON object a line: {"event": "ready", "inference_ms": [...]}, {"event": "listening"},
 * and at the end {"event": "heard", "words": [...]}.
 */
import { readFileSync } from "node:fs";
import { launch } from "./chromium.mjs";

const [address, wav, seconds, mode] = process.argv.slice(2);
const say = (/** @type {object} */ line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const browser = await launch(wav);
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
page.setDefaultTimeout(120_000); // a machine that is busy takes long to compile WebAssembly
await page.goto(address);
await page.waitForSelector("#listen:enabled");
say({ event: "ready", inference_ms: await page.evaluate(inference) });
if (mode === "numbers") await page.check("#numbers");
await page.click("#listen");
await page.waitForSelector("body[data-state]");
say({ event: "listening" });
await page.waitForTimeout(1000 * Number(seconds));
await page.click("#listen");
let lines = "";
if (await page.isEnabled("#transcript")) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.click("#transcript")]);
  lines = readFileSync(await file.path(), "utf8");
}
const words = lines.split("\n").filter(Boolean);
say({ event: "heard", words: words.map((line) => JSON.parse(line)) });
await browser.close();

/** Time single seconds in a worker of the page's own, from message to answer, in ms. */
async function inference() {
  const script = performance
    .getEntriesByType("resource")
    .map(({ name }) => name)
    .find((name) => /worker-[^/]*\.js$/.test(name));
  const [listening, silero, bytes] = await Promise.all([
    fetch("models/listening.json").then((response) => response.json()),
    fetch("models/silero.onnx").then((response) => response.arrayBuffer()),
    fetch("models/digits.onnx").then((response) => response.arrayBuffer()),
  ]);
  const worker = new Worker(script ?? "", { type: "module" });
  const answer = (/** @type {string} */ kind) =>
    new Promise((resolve) => {
      worker.onmessage = ({ data }) => data.kind === kind && resolve(data);
    });
  const models = [{ name: "digits.onnx", bytes }];
  worker.postMessage({ kind: "begin", listening, silero, models });
  await answer("ready");
  const taken = [];
  for (let run = 0; run < 120; run++) {
    const samples = Float32Array.from({ length: 16_000 }, () => Math.random() - 0.5);
    const began = performance.now();
    worker.postMessage({ kind: "file", name: "a second", rate: 16_000, samples });
    await answer("file done");
    taken.push(performance.now() - began);
  }
  worker.terminate();
  return taken.slice(20);
}
