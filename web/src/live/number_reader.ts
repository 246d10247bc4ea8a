import type { Listening } from "../listening";
import type { NumberModel } from "../model/number_model";
import { bestPath, type Emission, type Frame, logProbability } from "./ctc";
import { concatenate } from "./endpointer";

/** A word of a number: when it is said, seconds since the stream began, and how sure it is. */
export interface NumberWord {
  label: string;
  start: number;
  end: number;
  confidence: number;
}

/** Words said without a longer pause, and the probability that they are just these. */
export interface SpokenNumber {
  words: NumberWord[];
  confidence: number;
}

/** A number while it is said. Of its words, those after the first `settled` may change. */
export interface Saying {
  words: NumberWord[];
  settled: number;
}

/**
 * Reads numbers in a 16 kHz stream that is fed block by block, in the windows of
 * src/spoken_digits/live/number_reader.py: the network hears the last seconds again whenever some
 * sound has come. What is older than it looks ahead is settled.
 */
export class NumberReader {
  /** The number that is being said; another object each time that the network heard. */
  saying: Saying = { words: [], settled: 0 };
  private sound = new Float32Array(0);
  private from = 0; // the output frame that `sound` begins with
  private settled: Frame[] = [];
  private begin = 0; // the output frame that `settled` begins with
  private newest: Frame[] = [];
  private heard = 0; // samples of `sound` that the network has heard
  private readonly every: number; // samples
  private readonly ahead: number; // output frames

  /** `everyS` of new sound, and the network hears again. */
  constructor(
    private readonly model: NumberModel,
    private readonly listening: Pick<Listening, "sample_rate" | "reject" | "numbers">,
    everyS: number,
  ) {
    this.every = Math.round(everyS * listening.sample_rate);
    this.ahead = Math.ceil(model.ahead / listening.numbers.step);
  }

  get hearing(): boolean {
    return this.saying.words.length > 0;
  }

  /** Take the stream's next samples; return the numbers that ended in them. */
  async feed(samples: Float32Array): Promise<SpokenNumber[]> {
    const ended: SpokenNumber[] = [];
    for (let at = 0; at < samples.length; at += this.every) {
      this.sound = concatenate([this.sound, samples.subarray(at, at + this.every)]);
      if (this.sound.length - this.heard < this.every) continue;
      await this.hear(Math.floor(this.sound.length / this.listening.numbers.step), false);
      ended.push(...this.ended());
    }
    return ended;
  }

  /** Return the numbers that are being said where the stream ends, as if silence followed. */
  async finish(): Promise<SpokenNumber[]> {
    const { step } = this.listening.numbers;
    const frames = Math.ceil(this.sound.length / step) + this.ahead;
    const silence = new Float32Array(frames * step - this.sound.length);
    this.sound = concatenate([this.sound, silence]);
    await this.hear(frames, true);
    const numbers = [...this.ended(), this.number(this.settled)];
    this.forget(this.settled.length);
    return numbers.filter((one) => this.isSure(one));
  }

  /** Read the first `frames` output frames of the sound, and drop what is no longer used. */
  private async hear(frames: number, settleAll: boolean): Promise<void> {
    const { step } = this.listening.numbers;
    const outputs = await this.model.logProbabilities(this.sound.slice(0, frames * step));
    const known = this.begin + this.settled.length - this.from;
    const settled = settleAll ? frames : Math.max(frames - this.ahead, known);
    this.settled.push(...outputs.slice(known, settled));
    this.newest = outputs.slice(settled);
    const dropped = Math.max(settled - Math.ceil(this.model.past / step), 0);
    this.from += dropped;
    this.sound = this.sound.slice(dropped * step);
    this.heard = this.sound.length;
  }

  /** Return the numbers in what is settled after which there is a pause. */
  private ended(): SpokenNumber[] {
    const ended: SpokenNumber[] = [];
    let words = bestPath(this.settled);
    for (let end = this.end(words); end !== null; end = this.end(words)) {
      ended.push(this.number(this.settled.slice(0, end + 1)));
      this.forget(end);
      words = bestPath(this.settled);
    }
    if (!words.length) this.forget(Math.max(this.settled.length - 1, 0));
    const sofar = bestPath([...this.settled, ...this.newest]);
    const settled = sofar.filter(({ first }) => first < this.settled.length).length;
    this.saying = { words: this.words(sofar), settled };
    return ended.filter((one) => this.isSure(one));
  }

  /** What has no word that is sure is no number. */
  private isSure({ words }: SpokenNumber): boolean {
    return words.some(({ confidence }) => confidence >= this.listening.reject);
  }

  /** Return where, among what is settled, the first number ends, if it does. */
  private end(words: Emission[]): number | null {
    const { sample_rate, numbers } = this.listening;
    const frames = (seconds: number) => (seconds * sample_rate) / numbers.step;
    for (const [i, { end }] of words.entries()) {
      const begins = words[i + 1]?.first ?? this.settled.length;
      const paused = begins - end > Math.round(frames(numbers.pause_s));
      if (paused || end > frames(numbers.longest_s)) return end;
    }
    return null;
  }

  private number(frames: Frame[]): SpokenNumber {
    const emissions = bestPath(frames);
    const labels = emissions.map(({ label }) => label);
    const confidence = Math.min(Math.exp(logProbability(frames, labels)), 1);
    return { words: this.words(emissions), confidence };
  }

  private words(emissions: Emission[]): NumberWord[] {
    const seconds = this.listening.numbers.step / this.listening.sample_rate;
    return emissions.map(({ label, first, end, confidence }) => ({
      label: this.model.labels[label],
      start: (this.begin + first) * seconds,
      end: (this.begin + end) * seconds,
      confidence,
    }));
  }

  /** Drop the first `frames` of what is settled. */
  private forget(frames: number): void {
    this.settled = this.settled.slice(frames);
    this.begin += frames;
  }
}

/** Write words as one reads them: "12?4", or words between blanks. */
export function written(
  words: NumberWord[],
  noun: string,
  { reject, numbers }: Pick<Listening, "reject" | "numbers">,
): string {
  const labels = words.map(({ label, confidence }) =>
    confidence >= reject ? label : numbers.unsure,
  );
  return labels.join(noun === "digit" ? "" : " ");
}
