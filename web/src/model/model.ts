import * as ort from "onnxruntime-web/wasm";
import type { Listening } from "../listening";
import { onnxMetadata } from "./metadata";

/** A model file that is damaged or not this project's; its message is for the user. */
export class ModelError extends Error {}

/** One second of sound, heard: probabilities of the labels and of all else, and its picture. */
export interface Judged {
  probabilities: Float32Array;
  /** Grey levels, `size` rows of as many columns, the highest band first; null if it has none. */
  picture: Uint8Array | null;
}

/** A model file of this project that onnxruntime takes; what it is for, its metadata say. */
export interface Opened {
  name: string;
  labels: string[];
  metadata: Map<string, string>;
  session: ort.InferenceSession;
}

/** Open a model file, as src/spoken_digits/export/inference.py does. Throws ModelError. */
export async function open(bytes: Uint8Array, name: string, listening: Listening): Promise<Opened> {
  let session: ort.InferenceSession;
  let metadata: Map<string, string>;
  try {
    metadata = onnxMetadata(bytes);
    session = await ort.InferenceSession.create(bytes, {
      graphOptimizationLevel: "all",
      logSeverityLevel: 4, // what is wrong is said in our own words
    });
  } catch {
    throw new ModelError(`${name}: not an ONNX model that can be read. Is the file whole?`);
  }
  return { name, labels: checkedLabels(name, metadata, listening), metadata, session };
}

/** An exported model of single words: a second of waveform in, probabilities and the picture out. */
export class Model {
  readonly training: string;
  readonly edgesHz: [number, number];

  private constructor(
    private readonly opened: Opened,
    private readonly second: number,
  ) {
    this.training = training(opened.metadata, noun(opened.labels));
    this.edgesHz = edges(opened.metadata);
  }

  /** Take an open model, and hear it say something about silence. Throws ModelError. */
  static async load(opened: Opened, listening: Listening): Promise<Model> {
    const { name, labels } = opened;
    const model = new Model(opened, listening.second);
    let judged: Judged;
    try {
      judged = await model.hear(new Float32Array(listening.second));
    } catch {
      throw new ModelError(
        `${name}: not a model of spoken words: it does not take a second of sound.`,
      );
    }
    const found = judged.probabilities.length;
    if (found !== labels.length + 1) {
      throw new ModelError(`${name}: gives ${found} probabilities, not ${labels.length + 1}.`);
    }
    return model;
  }

  get name(): string {
    return this.opened.name;
  }

  get labels(): string[] {
    return this.opened.labels;
  }

  async hear(waveform: Float32Array): Promise<Judged> {
    const input = new ort.Tensor("float32", waveform, [1, this.second]);
    const found = await this.opened.session.run({ waveform: input });
    return {
      probabilities: found["probabilities"].data as Float32Array,
      picture: found["image"] ? Uint8Array.from(found["image"].data as Float32Array) : null,
    };
  }

  async release(): Promise<void> {
    await this.opened.session.release();
  }
}

/** What one of these labels is called: "digit" if all are, or "word". */
export function noun(labels: string[]): "digit" | "word" {
  return labels.every((label) => /^[0-9]$/.test(label)) ? "digit" : "word";
}

function checkedLabels(
  name: string,
  metadata: Map<string, string>,
  { format, sample_rate, other }: Listening,
): string[] {
  const found = metadata.get("format");
  if (found === undefined) {
    throw new ModelError(`${name}: an ONNX model, but not one of this project: it has no format.`);
  }
  if (found !== format) {
    throw new ModelError(
      `${name}: a model of another version ("${found}"; this page reads "${format}"). Make it anew with: dvc repro`,
    );
  }
  const rate = readable(metadata, "sample_rate");
  const labels = readable(metadata, "labels");
  if (rate !== sample_rate) {
    throw new ModelError(`${name}: its sample_rate is ${rate}, not ${sample_rate}.`);
  }
  if (!Array.isArray(labels) || labels.length < 2 || labels.at(-1) !== other) {
    throw new ModelError(`${name}: its labels are not words and then "${other}".`);
  }
  return labels.slice(0, -1).map(String);
}

function training(metadata: Map<string, string>, noun: string): string {
  const corpora = readable(metadata, "corpora");
  const test = readable(metadata, "accuracy") as { accuracy?: number; n?: number } | null;
  if (!Array.isArray(corpora) || !test?.accuracy || !test.n) {
    return "which does not say what it was trained on";
  }
  const percent = (100 * test.accuracy).toFixed(2);
  return `trained on ${corpora.join(" + ")}, ${percent}% of ${test.n.toLocaleString("en")} test ${noun}s right`;
}

function edges(metadata: Map<string, string>): [number, number] {
  const settings = readable(metadata, "spectrogram") as Record<string, number> | null;
  return [settings?.["lowest_hz"] ?? 20, settings?.["highest_hz"] ?? 8000];
}

function readable(metadata: Map<string, string>, key: string): unknown {
  try {
    return JSON.parse(metadata.get(key) ?? "null");
  } catch {
    return null;
  }
}
