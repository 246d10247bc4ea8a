import type { InferenceSession } from "onnxruntime-web/wasm";
import type { Listening } from "../listening";
import type { Model } from "../model/model";
import { loudestDbfs } from "./decision";
import { Endpointer, type Utterance } from "./endpointer";
import { LevelDetector } from "./level";
import { OneSound, OneWord, type Reader, type Spoken } from "./reader";
import { SpeechDetector } from "./speech";

/** A word heard, with its sound at 16 kHz and some room around it. */
export interface Heard extends Spoken {
  sound: Float32Array;
}

/** Hears words in a 16 kHz stream that is fed block by block, as live/listener.py does. */
export class Listener {
  /** Samples. */
  heard = 0;
  /** How loud the latest block was, dB re a full-scale sine. */
  levelDbfs = -200;
  private readonly endpointer: Endpointer;
  private readonly reader: Reader;
  /** What an utterance that may have ended holds: read while the hang-over lasts. */
  private ahead: { start: number; end: number; spoken: Spoken[] } | null = null;

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
    this.heard += samples.length;
    if (samples.length) this.levelDbfs = loudestDbfs(samples, this.listening.sample_rate);
    const words = [];
    for (const utterance of await this.endpointer.feed(samples)) {
      words.push(...(await this.words(utterance)));
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
    return last ? this.words(last) : [];
  }

  private known({ start, end }: Utterance): Spoken[] | null {
    return this.ahead?.start === start && this.ahead.end === end ? this.ahead.spoken : null;
  }

  private async words(utterance: Utterance): Promise<Heard[]> {
    const room = Math.floor(this.listening.sample_rate / 10);
    const spoken = this.known(utterance) ?? (await this.reader.read(utterance));
    return spoken.map((word) => {
      const first = Math.max(word.start - room, utterance.offset) - utterance.offset;
      const sound = utterance.sound.slice(first, word.end + room - utterance.offset);
      return { ...word, sound };
    });
  }
}
