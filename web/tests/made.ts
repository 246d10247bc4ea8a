import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import type { Listening } from "../src/listening";
import type { Emission } from "../src/live/ctc";
import type { Verdict } from "../src/live/decision";
import type { NumberWord, SpokenNumber } from "../src/live/number_reader";

type Utterance = [start: number, end: number, offset: number, length: number, first: number];

interface Detected {
  frames: number;
  scores: number[];
  utterances: Utterance[];
}

/** A line of predict_live.py --json, and of the page's transcript. */
export interface Line {
  file?: string;
  start: number;
  end: number;
  latency_ms: number | null;
  digit: string | null;
  confidence: number;
  probabilities: Record<string, number>;
}

/** A number as predict_live.py --string --json prints it, and the page's transcript has it. */
export interface NumberLine {
  file?: string;
  string: string;
  confidence: number;
  digits: { digit: string; start: number; end: number; confidence: number }[];
}

/** A number as Python's reader has it. */
export type NumberRead = Omit<SpokenNumber, "end">;

/** What expected.py found. */
export interface Expected {
  said: [label: string, start: number, end: number][];
  heard: Line[];
  clips: Record<string, number[]>;
  resampler: { rate: number; samples: number[]; blocks: number[]; output: number[] }[];
  level: Detected;
  speech: Detected;
  endpointer: {
    scores: number[];
    lag: number;
    shortest: number;
    hangover_ms: number;
    utterances: Utterance[];
  }[];
  one_second: { name: string; waveform: number[]; second: number[]; dbfs: number }[];
  mixing: { name: string; channels: number[][]; blocks: number[]; mixed: number[] }[];
  decisions: {
    probabilities: number[];
    level: number;
    seconds: number;
    verdict: Omit<Verdict, "probabilities" | "label"> & { label: string | null };
  }[];
  ctc: { outputs: number[][]; path: Emission[]; log_probability: number }[];
  number_streams: {
    file: string;
    model: string;
    block: number;
    /** After so many samples: only where something changed. */
    steps: { fed: number; ended: NumberRead[]; so_far: NumberWord[] }[];
    last: NumberRead[];
  }[];
  numbers_said: string[];
  /** What predict_live.py reads in tones.wav and voice.wav. */
  numbers: Record<"tones" | "voice", NumberLine[]>;
}

/** The path of a file that expected.py made. */
export function made(name: string): string {
  return join(inject("made"), name);
}

export function clips(): string[] {
  return readdirSync(made("clips")).map((name) => made(join("clips", name)));
}

export function expected(): Expected {
  return JSON.parse(readFileSync(made("expected.json"), "utf8"));
}

/** A file of the page's folder models. */
export function model(name: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(readFileSync(join(import.meta.dirname, "../public/models", name)));
}

export const listening: Listening = JSON.parse(new TextDecoder().decode(model("listening.json")));

/** The samples of a 16-bit WAV file with a header of 44 bytes. */
export function samples(path: string): Float32Array {
  const bytes = Uint8Array.from(readFileSync(path)).subarray(44);
  return Float32Array.from(new Int16Array(bytes.slice().buffer), (sample) => sample / 32768);
}
