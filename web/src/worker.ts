import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import * as ort from "onnxruntime-web/wasm";
import type { Listening } from "./listening";
import { loudestDbfs } from "./live/decision";
import { concatenate } from "./live/endpointer";
import { type Heard, Listener } from "./live/listener";
import { NumberReader, type NumberWord, type SpokenNumber } from "./live/number_reader";
import { recogniseWord } from "./live/reader";
import { Resampler, resample } from "./live/resampler";
import type { Block, FromWorker, ModelFile, NumberHeard, ToWorker, WordHeard } from "./messages";
import { Model, ModelError, noun, open } from "./model/model";
import { NumberModel } from "./model/number_model";

ort.env.wasm.wasmPaths = { wasm };
ort.env.wasm.numThreads = 1; // more need headers that a static host does not send
ort.env.wasm.proxy = false; // this is a worker already

const LONGEST_WORD_FILE_S = 2; // a longer file is listened to as a stream
const SHOWN_MS = 80; // between two pictures of the latest second, while something is heard,
const QUIET_MS = 300; // and while nothing is: drawing costs more than hearing
const LATE_MS = 500; // a machine that is behind by this much hears, and draws nothing
const CHANGE_DB = 6; // of the level is something too

let listening: Listening;
let silero: ort.InferenceSession;
let model: Model | null = null;
let numberModel: NumberModel | null = null;
let numbersWanted = false;
let stream: Stream | null = null;

function tell(message: FromWorker, transfer: Transferable[] = []): void {
  postMessage(message, { transfer });
}

/** One thing at a time, in order: sound is heard as it comes, a model is changed between blocks. */
let queue: Promise<void> = Promise.resolve();
function next(task: () => Promise<void>): void {
  queue = queue.then(task).catch((error: unknown) => {
    tell({ kind: "failed", what: "wasm", text: String(error) });
  });
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => next(() => obey(data));

async function obey(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "begin":
      listening = message.listening;
      try {
        silero = await ort.InferenceSession.create(message.silero, { logSeverityLevel: 4 });
      } catch (error) {
        tell({ kind: "failed", what: "wasm", text: String(error) });
        return;
      }
      for (const file of message.models) await use(file);
      return ready();
    case "model":
      if (await use(message.model)) ready();
      return;
    case "mode":
      await stream?.end();
      numbersWanted = message.numbers;
      stream?.restart();
      return;
    case "listen":
      stream = new Stream(message.rate);
      message.port.onmessage = ({ data }: MessageEvent<Block>) => {
        next(async () => stream?.take(data));
      };
      return;
    case "stop":
      await stream?.end();
      stream = null;
      tell({ kind: "stopped" });
      return;
    case "file":
      return hear(message);
  }
}

/** Change to another model, of words or of numbers; if it cannot be used, the present one stays. */
async function use({ name, bytes }: ModelFile): Promise<boolean> {
  try {
    const opened = await open(new Uint8Array(bytes), name, listening);
    if (NumberModel.is(opened)) {
      const loaded = await NumberModel.load(opened, listening);
      await numberModel?.release();
      numberModel = loaded;
    } else {
      const loaded = await Model.load(opened, listening);
      await model?.release();
      model = loaded;
    }
    return true;
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    tell({ kind: "failed", what: "model", text: error.message });
    return false;
  }
}

function ready(): void {
  if (!model) return;
  const { name, labels, training, edgesHz } = model;
  const facts = { name, labels, noun: noun(labels), training, edgesHz, noNumbers: noNumbers() };
  tell({ kind: "ready", model: facts });
  stream?.restart();
}

/** Say why no numbers can be read of the model's words; null if they can. */
function noNumbers(): string | null {
  const { name, labels } = loaded();
  if (!numberModel) return `Beside ${name} is no numbers.onnx, the network that reads numbers.`;
  const same = labels.join("\n") === numberModel.labels.join("\n");
  return same ? null : `${numberModel.name} reads other words than ${name}.`;
}

/** What hears the next sound: words one by one, or numbers. */
function listener(): Listener | NumberReader {
  if (numbersWanted && numberModel && noNumbers() === null) {
    return new NumberReader(numberModel, silero, listening);
  }
  return new Listener(loaded(), silero, listening);
}

/** What comes through the microphone. */
class Stream {
  private readonly resampler: Resampler;
  private listener = listener();
  private said: NumberWord[] = []; // of a number, so far
  private latest = new Float32Array(listening.second);
  private heard = 0; // samples
  private before = 0; // of them, what an earlier listener heard
  private levelDbfs = -200; // of the latest block, re a full-scale sine
  private shown = 0; // ms since 1970
  private shownDbfs = -200;
  private zeros = 0; // samples, the latest

  constructor(rate: number) {
    this.resampler = new Resampler(rate, listening.sample_rate, listening.resampler);
  }

  restart(): void {
    this.before = this.heard;
    this.listener = listener();
  }

  async take({ samples, arrived }: Block): Promise<void> {
    const resampled = this.resampler.feed(samples);
    this.latest = concatenate([this.latest, resampled]).slice(resampled.length);
    this.heard += resampled.length;
    if (resampled.length) this.levelDbfs = loudestDbfs(resampled, listening.sample_rate);
    const found = await this.listen(resampled, arrived);
    const allZero = resampled.every((sample) => sample === 0);
    this.zeros = allZero ? this.zeros + resampled.length : 0;
    const { levelDbfs } = this;
    const { hearing } = this.listener;
    const active = hearing || Math.abs(levelDbfs - this.shownDbfs) >= CHANGE_DB;
    if (!found && arrived - this.shown < (active ? SHOWN_MS : QUIET_MS)) return;
    this.shown = arrived;
    this.shownDbfs = levelDbfs;
    const zeros = this.zeros >= listening.zeros_s * listening.sample_rate;
    tell({ kind: "state", hearing, levelDbfs, zeros });
    if (Date.now() - arrived > LATE_MS) return;
    const frame = Math.floor(this.heard / listening.hop);
    const silent = levelDbfs < listening.decision.quietest_dbfs;
    const picture = silent ? null : (await loaded().hear(this.latest)).picture;
    tell({ kind: "picture", frame, picture });
  }

  /** Listen to the next samples, and show what ended in them; return whether anything did. */
  private async listen(samples: Float32Array, arrived: number): Promise<boolean> {
    if (this.listener instanceof NumberReader) {
      const numbers = await this.listener.feed(samples);
      for (const number of numbers) {
        showNumber(number, null, this.endedAt(number, arrived), this.before);
      }
      const words = await this.listener.soFar();
      if (words !== this.said) tell({ kind: "saying", words });
      this.said = words;
      return numbers.length > 0;
    }
    const words = await this.listener.feed(samples);
    for (const word of words) showWord(word, null, this.endedAt(word, arrived), this.before);
    return words.length > 0;
  }

  /** When the last sample of what was said came, of a block that came just now. */
  private endedAt({ end }: { end: number }, arrived: number): number {
    return arrived - (1000 * (this.heard - this.before - end)) / listening.sample_rate;
  }

  async end(): Promise<void> {
    if (this.listener instanceof NumberReader) {
      for (const number of await this.listener.finish()) {
        showNumber(number, null, null, this.before);
      }
      tell({ kind: "saying", words: [] });
    } else {
      for (const word of await this.listener.finish()) showWord(word, null, null, this.before);
    }
  }
}

/**
 * Hear a file, as predict_live.py takes files: in the mode of words a short one is one word, and a
 * long one a stream.
 */
async function hear({ name, rate, samples }: ToWorker & { kind: "file" }): Promise<void> {
  const waveform = resample(samples, rate, listening.sample_rate, listening.resampler);
  const hears = listener();
  let found = 0;
  const word = (heard: Heard) => {
    found += 1;
    showWord(heard, name, null, 0);
  };
  const number = (heard: SpokenNumber) => {
    found += 1;
    showNumber(heard, name, null, 0);
  };
  if (hears instanceof NumberReader) {
    for (const block of blocks(waveform)) (await hears.feed(block)).forEach(number);
    (await hears.finish()).forEach(number);
  } else if (waveform.length <= LONGEST_WORD_FILE_S * listening.sample_rate) {
    const heard = await recogniseWord(loaded(), waveform, listening);
    word({ start: 0, end: waveform.length, sound: waveform.slice(), ...heard });
  } else {
    const quiet = new Float32Array(listening.second); // the end of a file is no end of a word
    for (const block of blocks(concatenate([waveform, quiet]))) {
      (await hears.feed(block)).forEach(word);
    }
    (await hears.finish()).forEach(word);
  }
  tell({ kind: "file done", name, found });
}

/** Cut a file into seconds. */
function* blocks(waveform: Float32Array): Generator<Float32Array> {
  const { second } = listening;
  for (let at = 0; at < waveform.length; at += second) yield waveform.subarray(at, at + second);
}

function showWord(heard: Heard, file: string | null, endedAt: number | null, before: number): void {
  const { verdict, sound, picture } = heard;
  const word: WordHeard = {
    file,
    start: (before + heard.start) / listening.sample_rate,
    end: (before + heard.end) / listening.sample_rate,
    endedAt,
    ...verdict,
    sound,
    picture,
  };
  tell({ kind: "word", word });
}

function showNumber(
  { words, confidence }: SpokenNumber,
  file: string | null,
  endedAt: number | null,
  before: number,
): void {
  const seconds = before / listening.sample_rate;
  const number: NumberHeard = {
    file,
    words: words.map((one) => ({ ...one, start: one.start + seconds, end: one.end + seconds })),
    confidence,
    endedAt,
  };
  tell({ kind: "number", number });
}

function loaded(): Model {
  if (!model) throw new Error("no model");
  return model;
}
