import type { InferenceSession, Tensor } from "onnxruntime-web/wasm";
import * as ort from "onnxruntime-web/wasm";
import type { Listening } from "../listening";
import type { Detector } from "./endpointer";

/**
 * Speech by Silero's voice activity detector, as src/spoken_digits/live/silero.py: a frame's score
 * is the probability of speech in the latest whole chunk of 32 ms. Quiet sound is amplified for it.
 */
export class SpeechDetector implements Detector {
  readonly lag: number;
  readonly shortest: number;
  private readonly input: Float32Array; // context, then chunk
  private readonly rate: Tensor;
  private state: Tensor;
  private waiting = 0; // samples of the next chunk that have come
  private readonly next: Float32Array;
  private latest = 0;
  private readonly levels: number[] = []; // of the latest frames, dB re a full-scale sine

  constructor(
    private readonly session: InferenceSession,
    private readonly listening: Pick<Listening, "speech" | "sample_rate" | "hop">,
  ) {
    const { chunk, context, lag, shortest } = listening.speech;
    this.lag = lag;
    this.shortest = shortest;
    this.input = new Float32Array(context + chunk);
    this.next = new Float32Array(chunk + listening.hop);
    this.rate = new ort.Tensor("int64", BigInt64Array.of(BigInt(listening.sample_rate)), []);
    this.state = new ort.Tensor("float32", new Float32Array(2 * 128), [2, 1, 128]);
  }

  start(): number {
    return this.listening.speech.start;
  }

  stay(): number {
    return this.listening.speech.stay;
  }

  score(frame: Float32Array): number | Promise<number> {
    const gain = this.gain(frame);
    for (let i = 0; i < frame.length; i++) this.next[this.waiting + i] = frame[i] * gain;
    this.waiting += frame.length;
    return this.waiting >= this.listening.speech.chunk ? this.judge() : this.latest;
  }

  private gain(frame: Float32Array): number {
    const { wanted_dbfs, most_db, remembered } = this.listening.speech;
    let energy = 0;
    for (const sample of frame) energy += sample * sample;
    this.levels.push(10 * Math.log10((2 * energy) / frame.length + 1e-20));
    if (this.levels.length > remembered) this.levels.shift();
    const decibels = Math.min(Math.max(wanted_dbfs - Math.max(...this.levels), 0), most_db);
    return Math.fround(10 ** (decibels / 20));
  }

  private async judge(): Promise<number> {
    const { chunk, context } = this.listening.speech;
    this.input.copyWithin(0, chunk);
    this.input.set(this.next.subarray(0, chunk), context);
    this.next.copyWithin(0, chunk, this.waiting);
    this.waiting -= chunk;
    const input = new ort.Tensor("float32", this.input, [1, this.input.length]);
    const found = await this.session.run({ input, state: this.state, sr: this.rate });
    this.state = found["stateN"];
    this.latest = (found["output"].data as Float32Array)[0];
    return this.latest;
  }
}
