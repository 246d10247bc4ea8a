import type { Listening } from "../listening";

/**
 * What a sound was taken for. `label` is null if no word is claimed, and `reason` says why; `guess`
 * is the likeliest word all the same, and `confidence` its probability.
 */
export interface Verdict {
  label: string | null;
  guess: string;
  confidence: number;
  probabilities: Float32Array;
  reason: string;
}

/** Judge one sound by its probabilities, its level and how long it is, as live/decision.py does. */
export function decide(
  labels: string[],
  probabilities: Float32Array,
  levelDbfs: number,
  seconds: number,
  { reject, decision }: Pick<Listening, "reject" | "decision">,
): Verdict {
  const words = probabilities.subarray(0, -1);
  const confidence = Math.max(...words);
  const guess = labels[words.indexOf(confidence)];
  let reason = "";
  if (levelDbfs < decision.quietest_dbfs) {
    reason = `too quiet: ${Math.max(levelDbfs, -200).toFixed(0)} dBFS`;
  } else if (seconds < decision.shortest_word_s) {
    reason = `too short: ${(seconds * 1000).toFixed(0)} ms`;
  } else if (seconds > decision.longest_word_s) {
    reason = `too long: ${seconds.toFixed(1)} s`;
  } else if (confidence < reject || probabilities[words.length] > confidence) {
    reason = "sounds like something else";
  }
  return { label: reason ? null : guess, guess, confidence, probabilities, reason };
}

/** The level of the loudest 50 ms of a waveform, dB re a full-scale sine's. */
export function loudestDbfs(waveform: Float32Array, sampleRate: number): number {
  const width = Math.min(Math.floor(sampleRate / 20), waveform.length);
  const energy = runningEnergy(waveform);
  let loudest = 0;
  for (let end = width; end < energy.length; end++) {
    loudest = Math.max(loudest, energy[end] - energy[end - width]);
  }
  return 10 * Math.log10(2 * Math.max(loudest / Math.max(width, 1), 1e-20));
}

/** The energy of all samples before each one, and of all. */
function runningEnergy(waveform: Float32Array): Float64Array {
  const energy = new Float64Array(waveform.length + 1);
  for (let i = 0; i < waveform.length; i++) energy[i + 1] = energy[i] + waveform[i] * waveform[i];
  return energy;
}

/** Put a verdict into words, for example "7  98%" or "not a digit (too short: 40 ms; ...)". */
export function say(verdict: Verdict, noun: string): string {
  const percent = `${(100 * verdict.confidence).toFixed(0)}%`;
  if (verdict.label !== null) return `${verdict.label}  ${percent}`;
  const what = noun === "word" ? "no word of the vocabulary" : `not a ${noun}`;
  return `${what} (${verdict.reason}; nearest ${verdict.guess}, ${percent})`;
}
