import type { InferenceSession } from "onnxruntime-web/wasm";
import type { Listening } from "../listening";
import type { NumberModel } from "../model/number_model";
import { bestPath, type Emission, type Frame, logProbability } from "./ctc";
import { Endpointer, type Utterance } from "./endpointer";
import { SpeechDetector } from "./speech";

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
  /** Where its sound ends, in samples since the stream began. */
  end: number;
}

/**
 * Reads numbers in a 16 kHz stream that is fed block by block, as live/number_reader.py does: the
 * detector of speech says where a number begins and ends, the network reads it from its beginning.
 */
export class NumberReader {
  private readonly endpointer: Endpointer;
  private said: NumberWord[] = [];

  constructor(
    private readonly model: NumberModel,
    silero: InferenceSession,
    private readonly listening: Listening,
  ) {
    const { pause_s, longest_s } = listening.numbers;
    this.endpointer = new Endpointer(new SpeechDetector(silero, listening), {
      ...listening,
      hangover_ms: 1000 * pause_s,
      endpointer: { ...listening.endpointer, longest_s },
    });
  }

  get hearing(): boolean {
    return this.endpointer.hearing;
  }

  /** Take the stream's next samples; return the numbers that ended in them. */
  async feed(samples: Float32Array): Promise<SpokenNumber[]> {
    return this.numbers(await this.endpointer.feed(samples));
  }

  /** Return the number that is being said where the stream ends, as if silence followed. */
  async finish(): Promise<SpokenNumber[]> {
    const last = this.endpointer.finish();
    return last ? this.numbers([last]) : [];
  }

  /** The words of the number that is being said, which may change: another list each time they may. */
  async soFar(): Promise<NumberWord[]> {
    const utterance = this.endpointer.soFar(this.listening.numbers.every);
    if (utterance) this.said = this.words(utterance, bestPath(await this.outputs(utterance)));
    else if (!this.hearing && this.said.length) this.said = [];
    return this.said;
  }

  private async numbers(utterances: Utterance[]): Promise<SpokenNumber[]> {
    const { reject } = this.listening;
    const numbers = [];
    for (const utterance of utterances) {
      const outputs = await this.outputs(utterance);
      const emitted = bestPath(outputs);
      const words = this.words(utterance, emitted);
      const labels = emitted.map(({ label }) => label);
      const confidence = Math.min(Math.exp(logProbability(outputs, labels)), 1);
      // What has no word that is sure is no number, nor are words that are unlikely on average.
      const sure = words.some((word) => word.confidence >= reject);
      if (sure && confidence >= reject ** words.length) {
        numbers.push({ words, confidence, end: utterance.end });
      }
    }
    return numbers;
  }

  /** What the network says of an utterance and of the silence after it. */
  private outputs({ sound }: Utterance): Promise<Frame[]> {
    const { step } = this.listening.numbers;
    const frames = Math.ceil(sound.length / step) + Math.ceil(this.model.ahead / step);
    const padded = new Float32Array(frames * step);
    padded.set(sound);
    return this.model.logProbabilities(padded);
  }

  private words({ offset }: Utterance, emitted: Emission[]): NumberWord[] {
    const { sample_rate, numbers } = this.listening;
    return emitted.map(({ label, first, end, confidence }) => ({
      label: this.model.labels[label],
      start: (offset + first * numbers.step) / sample_rate,
      end: (offset + end * numbers.step) / sample_rate,
      confidence,
    }));
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
