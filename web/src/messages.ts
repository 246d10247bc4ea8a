import type { Listening } from "./listening";
import type { NumberWord, SpokenNumber } from "./live/number_reader";

/** What the page tells the worker. */
export type ToWorker =
  | { kind: "begin"; listening: Listening; silero: ArrayBuffer; models: ModelFile[] }
  | { kind: "model"; model: ModelFile }
  /** From now on numbers are read, or words one by one. */
  | { kind: "mode"; numbers: boolean }
  | { kind: "listen"; rate: number; port: MessagePort }
  | { kind: "stop" }
  | { kind: "file"; name: string; rate: number; samples: Float32Array };

/** What the worker tells the page. */
export type FromWorker =
  | { kind: "ready"; model: ModelFacts }
  | { kind: "failed"; what: "wasm" | "model"; text: string }
  /** `zeros`: for some seconds the microphone has given digital silence alone. */
  | { kind: "state"; hearing: boolean; levelDbfs: number; zeros: boolean }
  | { kind: "picture"; frame: number; picture: Uint8Array | null }
  | { kind: "word"; word: WordHeard }
  /** A number that is being said: its words may change, and none is left of what was none. */
  | { kind: "saying"; words: NumberWord[] }
  | { kind: "number"; number: NumberHeard }
  /** All that was said before "stop" has been told. */
  | { kind: "stopped" }
  | { kind: "file done"; name: string; found: number };

export interface ModelFile {
  name: string;
  bytes: ArrayBuffer;
}

export interface ModelFacts {
  name: string;
  labels: string[];
  noun: "digit" | "word";
  training: string;
  /** The lower edge of the picture's lowest mel band and the upper edge of its highest, Hz. */
  edgesHz: [number, number];
  /** Why no numbers can be read, for the user; null if they can. */
  noNumbers: string | null;
}

/** A number that was said, in seconds since the stream or the file began. */
export interface NumberHeard extends Omit<SpokenNumber, "end"> {
  /** The file that it is in; null if it came through the microphone. */
  file: string | null;
  /** When its last sample came, ms since 1970; null in a file. */
  endedAt: number | null;
}

/** A word heard: in seconds since the stream or the file began. */
export interface WordHeard {
  /** The file that it is in; null if it came through the microphone. */
  file: string | null;
  start: number;
  end: number;
  /** When its last sample came, ms since 1970; null in a file. */
  endedAt: number | null;
  label: string | null;
  guess: string;
  confidence: number;
  probabilities: Float32Array;
  reason: string;
  /** At 16 kHz, with some room around the word. */
  sound: Float32Array;
  /** What the network saw: `size` x `size` grey levels, the highest band first. */
  picture: Uint8Array | null;
}

/** Some sound from the microphone, and when its last sample came, ms since 1970. */
export interface Block {
  samples: Float32Array;
  arrived: number;
}
