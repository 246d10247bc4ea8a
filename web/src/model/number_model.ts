import * as ort from "onnxruntime-web/wasm";
import type { Listening } from "../listening";
import { ModelError, type Opened } from "./model";

/** An exported model that reads numbers: sound of any length in, a label or nothing each step out. */
export class NumberModel {
  private constructor(
    private readonly opened: Opened,
    /** Samples from an output frame's beginning on, on which it may depend. */
    readonly ahead: number,
  ) {}

  /**
   * Take an open model, and hear it say something about silence, as
   * src/spoken_digits/export/sequence_inference.py does. Throws ModelError.
   */
  static async load(opened: Opened, { numbers }: Listening): Promise<NumberModel> {
    const { name, metadata, labels } = opened;
    const ahead = Number(metadata.get("ahead"));
    const model = new NumberModel(opened, ahead);
    let frames: Float32Array[] = [];
    try {
      frames = await model.logProbabilities(new Float32Array(8 * numbers.step));
    } catch {}
    if (!ahead || frames.length !== 8 || frames[0].length !== labels.length + 1) {
      throw new ModelError(`${name}: not a model that reads numbers.`);
    }
    return model;
  }

  /** Whether an open model is of this kind. */
  static is({ metadata }: Opened): boolean {
    return metadata.has("ahead");
  }

  get name(): string {
    return this.opened.name;
  }

  /** In the order of its outputs, before the blank. */
  get labels(): string[] {
    return this.opened.labels;
  }

  /** The log-probabilities of the labels and of the blank, a row a step, of whole steps: two at least. */
  async logProbabilities(waveform: Float32Array): Promise<Float32Array[]> {
    const input = new ort.Tensor("float32", waveform, [1, waveform.length]);
    const found = (await this.opened.session.run({ waveform: input }))["log_probabilities"];
    const [data, [, frames, classes]] = [found.data as Float32Array, found.dims];
    return Array.from({ length: frames }, (_, i) => data.slice(i * classes, (i + 1) * classes));
  }

  async release(): Promise<void> {
    await this.opened.session.release();
  }
}
