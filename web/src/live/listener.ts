import type { InferenceSession } from "onnxruntime-web/wasm";
import type { Listening } from "../listening";
import type { Model } from "../model/model";
import { Endpointer, type Utterance } from "./endpointer";
import { LevelDetector } from "./level";
import { OneSound, OneWord, type Reader, type Spoken } from "./reader";
import { SpeechDetector } from "./speech";

/** A word heard: its first and last sample in the stream, and its sound with some room around it. */
export interface Heard extends Spoken {
  start: number;
  end: number;
  sound: Float32Array;
}

/** Hears words in a 16 kHz stream that is fed block by block, as live/listener.py does. */
export class Listener {
  private readonly endpointer: Endpointer;
  private readonly reader: Reader;
  /** What an utterance that may have ended holds: read while the hang-over lasts. */
  private ahead: { start: number; end: number; spoken: Spoken } | null = null;

  constructor(
    model: Model,
    silero: InferenceSession,
    private readonly listening: Listening,
  ) {
    const speech = listening.detector === "speech";
    const detector = speech ? new SpeechDetector(silero, listening) : new LevelDetector(listening);
    this.endpointer = new Endpointer(detector, listening);
    this.reader = new (speech ? OneWord : OneSound)(model, listening);
  }

  get hearing(): boolean {
    return this.endpointer.hearing;
  }

  /** Take the stream's next samples; return the words that ended in them. */
  async feed(samples: Float32Array): Promise<Heard[]> {
    const words = [];
    for (const utterance of await this.endpointer.feed(samples)) {
      words.push(await this.word(utterance));
    }
    const quiet = this.endpointer.quietFor(this.reader.after);
    if (quiet && !this.known(quiet)) {
      this.ahead = { start: quiet.start, end: quiet.end, spoken: await this.reader.read(quiet) };
    }
    return words;
  }

  /** Return what is being said where the stream ends. */
  async finish(): Promise<Heard[]> {
    const last = this.endpointer.finish();
    return last ? [await this.word(last)] : [];
  }

  private known({ start, end }: Utterance): Spoken | null {
    return this.ahead?.start === start && this.ahead.end === end ? this.ahead.spoken : null;
  }

  private async word(utterance: Utterance): Promise<Heard> {
    const { start, end, offset } = utterance;
    const room = Math.floor(this.listening.sample_rate / 10);
    const spoken = this.known(utterance) ?? (await this.reader.read(utterance));
    const sound = utterance.sound.slice(Math.max(start - room - offset, 0), end + room - offset);
    return { start, end, sound, ...spoken };
  }
}
