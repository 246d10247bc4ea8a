import type { Listening } from "../listening";

/**
 * Says of each 10 ms frame how much it is what is waited for; the scale is the detector's own.
 * `lag` is how much older than the frame the sound is that its score is about, and what is shorter
 * than `shortest` is a click; both in samples.
 */
export interface Detector {
  readonly lag: number;
  readonly shortest: number;
  /** The score from which an utterance may start. */
  start(): number;
  /** The score from which it goes on: hysteresis. */
  stay(): number;
  score(frame: Float32Array): number | Promise<number>;
}

/**
 * Something said. `start` and `end` are where it is heard to start and to end, in samples since the
 * stream began. `sound` begins at `offset` <= `start`, and reaches beyond `end`.
 */
export interface Utterance {
  start: number;
  end: number;
  offset: number;
  sound: Float32Array;
}

/** Cuts a 16 kHz stream into utterances, as src/spoken_digits/live/endpointer.py does. */
export class Endpointer {
  hearing = false;
  private readonly hop: number;
  private readonly hangover: number; // frames
  private readonly startFrames: number;
  private readonly prerollFrames: number;
  private readonly longest: number; // samples
  private now = 0; // samples taken so far, whole frames
  private rest = new Float32Array(0);
  private preroll: Float32Array[] = [];
  private frames: Float32Array[] = [];
  private start = 0;
  private end = 0;
  private speaking = false;
  private inARow = 0;
  private asked = 0;

  constructor(
    private readonly detector: Detector,
    listening: Pick<Listening, "hop" | "sample_rate" | "hangover_ms" | "endpointer">,
  ) {
    const { hop, sample_rate, hangover_ms, endpointer } = listening;
    const frameMs = Math.floor((1000 * hop) / sample_rate);
    this.hop = hop;
    this.hangover = Math.floor(hangover_ms / frameMs);
    this.startFrames = endpointer.start_frames;
    this.prerollFrames =
      Math.floor(endpointer.preroll_ms / frameMs) +
      endpointer.start_frames +
      Math.ceil(detector.lag / hop);
    this.longest = endpointer.longest_s * sample_rate;
  }

  /** Take samples of the stream; return the utterances that ended in them. */
  async feed(samples: Float32Array): Promise<Utterance[]> {
    const pending = concatenate([this.rest, samples]);
    const whole = pending.length - (pending.length % this.hop);
    this.rest = pending.slice(whole);
    const ended: Utterance[] = [];
    for (let at = 0; at < whole; at += this.hop) {
      const utterance = await this.step(pending.subarray(at, at + this.hop));
      if (utterance) ended.push(utterance);
    }
    return ended;
  }

  /** Return what is being said where the stream ends, if anything is. */
  finish(): Utterance | null {
    if (!this.hearing) return null;
    if (this.speaking) this.end = this.now;
    return this.close();
  }

  /** Return what is being heard, if so many samples have come since the last time. */
  soFar(every: number): Utterance | null {
    if (!this.hearing || this.now - this.asked < every) return null;
    this.asked = this.now;
    return this.utterance();
  }

  /** Return what is being heard if it has been quiet for so many samples, and may have ended. */
  quietFor(samples: number): Utterance | null {
    if (!this.hearing || this.speaking || this.now - this.end < samples) return null;
    return this.utterance();
  }

  private async step(frame: Float32Array): Promise<Utterance | null> {
    const score = await this.detector.score(frame);
    this.now += this.hop;
    if (!this.hearing) {
      this.preroll.push(frame);
      if (this.preroll.length > this.prerollFrames) this.preroll.shift();
      this.inARow = score >= this.detector.start() ? this.inARow + 1 : 0;
      if (this.inARow === this.startFrames) {
        this.hearing = true;
        this.frames = [...this.preroll];
        this.start = Math.max(this.now - this.startFrames * this.hop - this.detector.lag, 0);
        this.end = this.now - this.detector.lag;
        this.speaking = true;
      }
      return null;
    }
    this.frames.push(frame);
    this.speaking = score >= this.detector.stay();
    if (this.speaking) this.end = this.now - this.detector.lag;
    const ended = !this.speaking && Math.floor((this.now - this.end) / this.hop) >= this.hangover;
    const long = this.frames.length * this.hop >= this.longest;
    return ended || long ? this.close() : null;
  }

  /** End what is being heard; return it unless it was a click. */
  private close(): Utterance | null {
    const utterance = this.utterance();
    // What is quiet already belongs to the next word's pre-roll too.
    const quiet = Math.floor((this.now - this.end) / this.hop);
    this.preroll = this.frames.slice(this.frames.length - quiet).slice(-this.prerollFrames);
    this.frames = [];
    this.hearing = false;
    this.inARow = 0;
    return utterance.end - utterance.start >= this.detector.shortest ? utterance : null;
  }

  private utterance(): Utterance {
    const sound = concatenate(this.frames);
    return { start: this.start, end: this.end, offset: this.now - sound.length, sound };
  }
}

export function concatenate(parts: Float32Array[]): Float32Array<ArrayBuffer> {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
