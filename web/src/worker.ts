import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import * as ort from "onnxruntime-web/wasm";
import type { Listening } from "./listening";
import { concatenate } from "./live/endpointer";
import { type Heard, Listener } from "./live/listener";
import { recogniseWord } from "./live/reader";
import { Resampler, resample } from "./live/resampler";
import type { Block, FromWorker, ToWorker, WordHeard } from "./messages";
import { Model, ModelError, noun } from "./model/model";

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
      return use(message.model, message.name);
    case "model":
      return use(message.model, message.name);
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

/** Change to another model; if it cannot be used, the present one stays. */
async function use(bytes: ArrayBuffer, name: string): Promise<void> {
  try {
    const loaded = await Model.load(new Uint8Array(bytes), name, listening);
    await model?.release();
    model = loaded;
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    tell({ kind: "failed", what: "model", text: error.message });
    return;
  }
  const { labels, training, edgesHz } = model;
  tell({ kind: "ready", model: { name, labels, noun: noun(labels), training, edgesHz } });
  stream?.restart();
}

/** What comes through the microphone. */
class Stream {
  private readonly resampler: Resampler;
  private listener: Listener;
  private latest: Float32Array; // second
  private shown = 0; // ms since 1970
  private shownDbfs = -200;
  private before = 0; // samples that earlier models heard
  private zeros = 0; // samples, the latest

  constructor(rate: number) {
    this.resampler = new Resampler(rate, listening.sample_rate, listening.resampler);
    this.listener = new Listener(loaded(), silero, listening);
    this.latest = new Float32Array(listening.second);
  }

  restart(): void {
    this.before += this.listener.heard;
    this.listener = new Listener(loaded(), silero, listening);
  }

  async take({ samples, arrived }: Block): Promise<void> {
    const resampled = this.resampler.feed(samples);
    this.latest = concatenate([this.latest, resampled]).slice(resampled.length);
    const words = await this.listener.feed(resampled);
    const { heard, hearing, levelDbfs } = this.listener;
    const allZero = resampled.every((sample) => sample === 0);
    this.zeros = allZero ? this.zeros + resampled.length : 0;
    for (const word of words) {
      const waited = (heard - word.end) / listening.sample_rate;
      show(word, null, arrived - 1000 * waited, this.before);
    }
    const active = hearing || Math.abs(levelDbfs - this.shownDbfs) >= CHANGE_DB;
    if (!words.length && arrived - this.shown < (active ? SHOWN_MS : QUIET_MS)) return;
    this.shown = arrived;
    this.shownDbfs = levelDbfs;
    const zeros = this.zeros >= listening.zeros_s * listening.sample_rate;
    tell({ kind: "state", hearing, levelDbfs, zeros });
    if (Date.now() - arrived > LATE_MS) return;
    const frame = Math.floor((this.before + heard) / listening.hop);
    const silent = levelDbfs < listening.decision.quietest_dbfs;
    const picture = silent ? null : (await loaded().hear(this.latest)).picture;
    tell({ kind: "picture", frame, picture });
  }

  async end(): Promise<void> {
    for (const word of await this.listener.finish()) show(word, null, null, this.before);
  }
}

/** Hear a file: a short one is one word, as predict_live.py takes files, a long one a stream. */
async function hear({ name, rate, samples }: ToWorker & { kind: "file" }): Promise<void> {
  const waveform = resample(samples, rate, listening.sample_rate, listening.resampler);
  let words = 0;
  const found = (heard: Heard) => {
    words += 1;
    show(heard, name, null, 0);
  };
  if (waveform.length <= LONGEST_WORD_FILE_S * listening.sample_rate) {
    const heard = await recogniseWord(loaded(), waveform, listening);
    found({ start: 0, end: waveform.length, sound: waveform.slice(), ...heard });
  } else {
    const listener = new Listener(loaded(), silero, listening);
    const quiet = new Float32Array(listening.second); // the end of a file is no end of a word
    const whole = concatenate([waveform, quiet]);
    for (let at = 0; at < whole.length; at += listening.second) {
      for (const heard of await listener.feed(whole.subarray(at, at + listening.second))) {
        found(heard);
      }
    }
    for (const heard of await listener.finish()) found(heard);
  }
  tell({ kind: "file done", name, words });
}

function show(heard: Heard, file: string | null, endedAt: number | null, before: number): void {
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

function loaded(): Model {
  if (!model) throw new Error("no model");
  return model;
}
