import type { MixingConstants } from "./live/mixing";

/**
 * models/listening.json: how the live program listens. The export stage writes it from the Python
 * modules and from params.yaml, so that no number of theirs is written here again
 * (src/spoken_digits/live/browser.py).
 */

export interface Listening {
  /** What models of this version call themselves. */
  format: string;
  /** The class of all other sound, the last of a model's labels. */
  other: string;
  /** Hz. */
  sample_rate: number;
  /** Samples that a model takes. */
  second: number;
  /** Samples between two columns of the picture, and in a frame of the endpointer: 10 ms. */
  hop: number;
  /** Rows and columns of the picture. */
  size: number;
  reject: number;
  hangover_ms: number;
  detector: "speech" | "level";
  endpointer: { preroll_ms: number; longest_s: number; start_frames: number };
  speech: SpeechConstants;
  level: LevelConstants;
  /** Seconds of digital silence that are told. */
  zeros_s: number;
  one_second: { lasting: number; range: number; steady: number; peak: number };
  mixing: MixingConstants;
  /** Samples of sound around a word, each combination of which is judged. */
  word: { before: number[]; after: number[] };
  numbers: {
    /** Samples of an output frame. */
    step: number;
    /** A longer pause ends a number, and so does this length. */
    pause_s: number;
    longest_s: number;
    /** New samples of a number before it is read again. */
    every: number;
    /** Stands for a word that is less probable than `reject`. */
    unsure: string;
  };
  decision: { longest_word_s: number; shortest_word_s: number; quietest_dbfs: number };
  resampler: ResamplerConstants;
  versions: Record<string, string>;
}

export interface SpeechConstants {
  chunk: number;
  context: number;
  start: number;
  stay: number;
  wanted_dbfs: number;
  most_db: number;
  remembered: number;
  lag: number;
  shortest: number;
}

export interface LevelConstants {
  edges_hz: number[];
  window: number;
  quietest_db: number;
  floor_frames: number;
  update_frames: number;
  floor_percent: number;
  lowest_percent: number;
  spreads: number;
  mean_frames: number;
  start_db: number;
  stay_db: number;
  unknown_db: number;
  known_frames: number;
  share_of_peak: number;
  peak_decay: number;
  lag: number;
  shortest: number;
}

export interface ResamplerConstants {
  taps_a_side: number;
  kaiser_beta: number;
}
