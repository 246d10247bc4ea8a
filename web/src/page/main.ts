import { say } from "../live/decision";
import { type NumberWord, written } from "../live/number_reader";
import type { FromWorker, ModelFacts, NumberHeard, WordHeard } from "../messages";
import { Bars } from "./bars";
import { packed, save } from "./clips";
import { element } from "./element";
import { Engine, LoadError } from "./engine";
import { decode, FileError } from "./files";
import { History } from "./history";
import { Microphone, MicrophoneError } from "./microphone";
import { keep } from "./offline";
import { Pad } from "./pad";
import { Spectrogram } from "./spectrogram";

const QUIETEST_DBFS = -60; // of the level meter
const FALL_DB = 3; // of the level meter, each time it is drawn

const button = element("listen", HTMLButtonElement);
const problem = element("problem", HTMLElement);
const word = element("word", HTMLElement);
const outcome = element("outcome", HTMLElement);
const spoken = element("spoken", HTMLElement);
const state = element("state", HTMLElement);
const meter = element("level", HTMLElement);
const transcript = element("transcript", HTMLButtonElement);
const numbers = element("numbers", HTMLInputElement); // the switch
const corrections = element("corrections", HTMLFormElement);
const bars = new Bars(element("bars", HTMLElement));
const pad = new Pad(element("number", HTMLElement), element("keys", HTMLElement));

let engine: Engine;
let spectrogram: Spectrogram;
let history: History;
let model: ModelFacts | null = null;
let microphone: Microphone | null = null;
let opening = false;
let level = QUIETEST_DBFS;
let silent = false; // the microphone gives zeros, and that was told
let saying = false; // a number
let lastNumber = ""; // the latest that is complete
let pending = 0; // files that are being heard, and sound that is when one stops

function complain(text: string): void {
  problem.textContent = text;
}

function hear(message: FromWorker): void {
  switch (message.kind) {
    case "ready":
      use(message.model);
      break;
    case "failed":
      fail(message.what, message.text);
      break;
    case "state":
      showState(message.hearing, message.levelDbfs, message.zeros);
      break;
    case "picture":
      spectrogram.show(message.frame, message.picture);
      break;
    case "word":
      show(message.word);
      break;
    case "saying":
      showSaying(message.words);
      break;
    case "number":
      showNumber(message.number);
      break;
    case "stopped":
      pending -= 1;
      showActivity();
      break;
    case "file done":
      if (!message.found) {
        complain(`${message.name}: no ${numbers.checked ? "number" : "word"} was heard in it.`);
      }
      pending -= 1;
      showActivity();
      break;
  }
}

function fail(what: "wasm" | "model", text: string): void {
  if (!model) {
    element("model", HTMLElement).textContent = "No model.";
    outcome.textContent = "";
  }
  if (what === "model") {
    complain(text);
    return;
  }
  button.disabled = true;
  complain(
    `This browser's WebAssembly does not run the network (${text}). Update the browser, or try another.`,
  );
}

function use(facts: ModelFacts): void {
  model = facts;
  element("model", HTMLElement).textContent = `${facts.name}, ${facts.training}`;
  bars.labels([...facts.labels, engine.listening.other]);
  const [lowest, highest] = facts.edgesHz;
  element("lowest", HTMLElement).textContent = hertz(lowest);
  element("highest", HTMLElement).textContent = hertz(highest);
  element("pad", HTMLElement).hidden = facts.noun !== "digit";
  element("no-numbers", HTMLElement).textContent = facts.noNumbers ?? "";
  numbers.disabled = facts.noNumbers !== null;
  if (numbers.disabled) numbers.checked = false;
  switchMode();
  button.disabled = false;
}

/** Change to numbers or to single words, by the switch. */
function switchMode(): void {
  if (!model) return;
  const { noun } = model;
  const { pause_s } = engine.listening.numbers;
  engine.tell({ kind: "mode", numbers: numbers.checked });
  element("likely", HTMLElement).hidden = numbers.checked;
  element("seen-what", HTMLElement).textContent = numbers.checked
    ? "The last seconds"
    : "What the network sees";
  saying = false;
  lastNumber = "";
  enlarge("");
  outcome.textContent = numbers.checked
    ? `Say ${noun === "digit" ? "a number" : "words in a row"}. A pause of ${pause_s} s ends it.`
    : `Say a ${noun}.`;
}

/** Show a word or a number in large letters, if there is one. */
function enlarge(text: string): void {
  word.textContent = text || "–";
  word.dataset["length"] = String(Math.min(word.textContent.length, 12));
  word.classList.toggle("none", !text);
  word.classList.toggle("saying", saying);
}

function hertz(frequency: number): string {
  return frequency < 1000 ? `${frequency} Hz` : `${frequency / 1000} kHz`;
}

function show(heard: WordHeard): void {
  if (!model) return;
  const facts = model;
  enlarge(heard.label ?? "");
  bars.show(heard.probabilities, heard.label === null ? -1 : facts.labels.indexOf(heard.label));
  outcome.textContent = say(heard, facts.noun);
  spoken.textContent = heard.label ?? outcome.textContent;
  if (heard.label !== null && facts.noun === "digit") pad.hear(heard.label);
  painted(() => {
    const latency = msSince(heard.endedAt);
    if (latency !== null) outcome.append(` · after ${latency.toFixed(0)} ms`);
    history.add(heard, facts, latency);
  });
}

/** Show a number while it is said. If nothing of it is left, it was none. */
function showSaying(words: NumberWord[]): void {
  if (!words.length && !saying) return;
  saying = words.length > 0;
  const text = saying ? asText(words) : lastNumber;
  enlarge(text);
  if (saying) outcome.textContent = `A pause of ${engine.listening.numbers.pause_s} s ends it.`;
  if (model?.noun === "digit") pad.write(text);
}

function showNumber(heard: NumberHeard): void {
  if (!model) return;
  saying = false;
  lastNumber = asText(heard.words);
  enlarge(lastNumber);
  const count = `${heard.words.length} ${model.noun}${heard.words.length === 1 ? "" : "s"}`;
  outcome.textContent = `${count}, ${(100 * heard.confidence).toFixed(0)}%`;
  spoken.textContent = heard.words.map((one) => asText([one])).join(" "); // read one by one
  if (model.noun === "digit") pad.write(lastNumber);
  const [facts, text] = [model, lastNumber];
  painted(() => history.addNumber(heard, facts, text, msSince(heard.endedAt)));
}

function asText(words: NumberWord[]): string {
  return written(words, model?.noun ?? "digit", engine.listening);
}

/** How long ago a sound from the microphone ended, ms; null if it is a file, or nobody looks. */
function msSince(endedAt: number | null): number | null {
  return endedAt === null || document.hidden ? null : Date.now() - endedAt;
}

/** Call back once what was changed is on the screen; at once if nobody sees it. */
function painted(then: () => void): void {
  if (document.hidden) {
    then();
    return;
  }
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = then;
  requestAnimationFrame(() => port2.postMessage(null)); // handled after the frame is drawn
}

function showState(hearing: boolean, dbfs: number, zeros: boolean): void {
  if (!microphone) return;
  showActivity(hearing);
  level = Math.min(0, Math.max(dbfs, level - FALL_DB, QUIETEST_DBFS));
  meter.style.setProperty("--level", String(1 - level / QUIETEST_DBFS));
  meter.setAttribute("aria-valuenow", level.toFixed(0));
  if (zeros === silent) return;
  silent = zeros;
  const name = microphone.name || "The microphone";
  complain(
    zeros
      ? `${name} gives nothing but digital silence, as one that is muted or that the browser may not use. See the system's settings of sound and privacy.`
      : "",
  );
}

async function toggle(): Promise<void> {
  if (button.disabled || opening) return;
  if (microphone) return stop();
  opening = true;
  complain("");
  try {
    microphone = await Microphone.open(engine.listening.mixing, () => {
      complain("The microphone is gone. Plug it in again, then listen.");
      stop();
    });
  } catch (error) {
    if (!(error instanceof MicrophoneError)) throw error;
    return complain(error.message);
  } finally {
    opening = false;
  }
  silent = false;
  spectrogram.clear();
  engine.tell({ kind: "listen", rate: microphone.rate, port: microphone.port }, [microphone.port]);
  listening(true);
}

function stop(): void {
  microphone?.close();
  microphone = null;
  engine.tell({ kind: "stop" });
  pending += 1;
  listening(false);
}

function listening(on: boolean): void {
  button.textContent = on ? "Stop" : "Listen";
  meter.style.setProperty("--level", "0");
  showActivity();
}

function showActivity(hearing = pending > 0): void {
  state.textContent = hearing ? "hearing" : microphone ? "listening" : "off";
  document.body.dataset["state"] = state.textContent;
}

async function take(chosen: Iterable<File>): Promise<void> {
  complain("");
  for (const file of chosen) {
    if (file.name.toLowerCase().endsWith(".onnx")) {
      const content = await file.arrayBuffer();
      engine.tell({ kind: "model", model: { name: file.name, bytes: content } }, [content]);
      continue;
    }
    if (!model) continue;
    try {
      const { samples, rate } = await decode(file, engine.listening.mixing);
      engine.tell({ kind: "file", name: file.name, rate, samples }, [samples.buffer]);
      pending += 1;
      showActivity();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      complain(error.message);
    }
  }
}

function historyChanged(): void {
  const clips = history.clips().length;
  element("nothing", HTMLElement).hidden = history.length > 0;
  transcript.disabled = history.length === 0;
  corrections.hidden = clips === 0;
  element("kept", HTMLElement).textContent = `${clips} ${clips === 1 ? "clip" : "clips"}`;
}

function wire(): void {
  button.addEventListener("click", toggle);
  numbers.addEventListener("change", switchMode);
  const chooser = element("files", HTMLInputElement);
  chooser.addEventListener("change", async () => {
    await take(chooser.files ?? []);
    chooser.value = "";
  });
  document.addEventListener("keydown", (event) => {
    const inControl = (event.target as Element).closest("button, input, select, label, a");
    if (inControl || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") {
      event.preventDefault();
      toggle();
    } else if (event.key === "Backspace") pad.press("⌫");
  });
  const drop = element("drop", HTMLElement);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.hidden = true;
    take(event.dataTransfer?.files ?? []);
  });
  transcript.addEventListener("click", () => {
    save(history.jsonLines(), "heard.jsonl", "application/jsonl");
  });
  corrections.addEventListener("submit", (event) => {
    event.preventDefault();
    const speaker = element("speaker", HTMLInputElement).value;
    const zip = packed(history.clips(), speaker, engine.listening.sample_rate);
    save(zip, `recordings-${speaker}.zip`, "application/zip");
  });
  element("forget", HTMLButtonElement).addEventListener("click", () => history.forget());
}

async function begin(): Promise<void> {
  element("lifeless", HTMLElement).remove();
  try {
    engine = await Engine.start(new URLSearchParams(location.search), hear);
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    element("model", HTMLElement).textContent = "No model.";
    outcome.textContent = "";
    return complain(error.message);
  }
  const { size, sample_rate, other } = engine.listening;
  spectrogram = new Spectrogram(element("spectrogram", HTMLCanvasElement), size);
  history = new History(element("history", HTMLElement), size, sample_rate, other, historyChanged);
  wire();
  await keep();
}

begin();
