import type { Listening } from "../listening";
import type { Model } from "../model/model";
import { decide, loudestDbfs, type Verdict } from "./decision";
import type { Utterance } from "./endpointer";
import { oneSecond } from "./one_second";

/** What an utterance is, and its picture. */
export interface Spoken {
  verdict: Verdict;
  picture: Uint8Array | null;
}

/** From an utterance to what is said in it. */
export interface Reader {
  /** How much sound after an utterance's end its answer depends on, samples. */
  readonly after: number;
  read(utterance: Utterance): Promise<Spoken>;
}

/** Takes an utterance for one word: the mean of four cuts, as recognise_utterance of decision.py. */
export class OneWord implements Reader {
  readonly after: number;

  constructor(
    private readonly model: Model,
    private readonly listening: Listening,
  ) {
    this.after = Math.max(...listening.word.after);
  }

  async read(utterance: Utterance): Promise<Spoken> {
    const { before, after } = this.listening.word;
    const { start, end } = utterance;
    const first = Math.max(start - Math.max(...before), utterance.offset);
    const last = Math.min(end + this.after, utterance.offset + utterance.sound.length);
    const sound = utterance.sound.subarray(first - utterance.offset, last - utterance.offset);
    const mean = new Float32Array(this.model.labels.length + 1);
    let picture: Uint8Array | null = null;
    for (const room of before) {
      for (const more of after) {
        const piece = sound.subarray(
          Math.max(start - first - room, 0),
          Math.min(end - first + more, sound.length),
        );
        const heard = await this.model.hear(oneSecond(piece, this.listening));
        picture ??= heard.picture;
        for (const [i, probability] of heard.probabilities.entries()) {
          mean[i] += probability / (before.length * after.length);
        }
      }
    }
    const rate = this.listening.sample_rate;
    const level = loudestDbfs(sound, rate);
    const verdict = decide(this.model.labels, mean, level, (end - start) / rate, this.listening);
    return { verdict, picture };
  }
}

/** Takes an utterance for one sound, of which the second that sounds most is judged. */
export class OneSound implements Reader {
  readonly after = Number.POSITIVE_INFINITY;

  constructor(
    private readonly model: Model,
    private readonly listening: Listening,
  ) {}

  read({ sound }: Utterance): Promise<Spoken> {
    return recogniseWord(this.model, sound, this.listening);
  }
}

/** Say which word a 16 kHz recording of one is, whatever silence is round it. */
export async function recogniseWord(
  model: Model,
  waveform: Float32Array,
  listening: Listening,
): Promise<Spoken> {
  const { sample_rate } = listening;
  const { probabilities, picture } = await model.hear(oneSecond(waveform, listening));
  const seconds = Math.min(waveform.length / sample_rate, 1);
  const level = loudestDbfs(waveform, sample_rate);
  return { verdict: decide(model.labels, probabilities, level, seconds, listening), picture };
}
