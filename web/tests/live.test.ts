/** The parts of src/live and src/model give what their Python originals give. */
import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-web/wasm";
import { describe, expect, test } from "vitest";
import { bestPath, logProbability } from "../src/live/ctc";
import { decide, loudestDbfs, say } from "../src/live/decision";
import { type Detector, Endpointer, type Utterance } from "../src/live/endpointer";
import { LevelDetector } from "../src/live/level";
import { Mixer } from "../src/live/mixing";
import { NumberReader, type NumberWord, written } from "../src/live/number_reader";
import { oneSecond } from "../src/live/one_second";
import { Resampler, resample } from "../src/live/resampler";
import { SpeechDetector } from "../src/live/speech";
import { onnxMetadata } from "../src/model/metadata";
import { open } from "../src/model/model";
import { NumberModel } from "../src/model/number_model";
import { expected, listening, made, model, type NumberRead, samples } from "./made";

const python = expected();

function furthest(ours: ArrayLike<number>, theirs: number[]): number {
  expect(ours.length).toBe(theirs.length);
  return theirs.reduce((most, value, i) => Math.max(most, Math.abs(value - ours[i])), 0);
}

describe("the resampler", () => {
  test.each(python.resampler)("brings $rate Hz to 16 kHz, in blocks", (one) => {
    const resampler = new Resampler(one.rate, listening.sample_rate, listening.resampler);
    const input = Float32Array.from(one.samples);
    const output: number[] = [];
    let at = 0;
    for (const block of one.blocks) {
      output.push(...resampler.feed(input.subarray(at, at + block)));
      at += block;
    }
    expect(furthest(output, one.output)).toBeLessThan(1e-6);
  });

  test.each([8_000, 44_100, 48_000])("gives a whole recording at %i Hz all its samples", (rate) => {
    const constant = new Float32Array(rate).fill(0.5);
    const output = resample(constant, rate, 16_000, listening.resampler);
    expect(output.length).toBe(16_000);
    expect(output[8_000]).toBeCloseTo(0.5, 6);
  });
});

describe("the endpointer", () => {
  test.each(python.endpointer)("cuts where Python does: hang-over $hangover_ms ms", async (one) => {
    const scores = one.scores.values();
    const scripted: Detector = {
      lag: one.lag,
      shortest: one.shortest,
      start: () => 0.5,
      stay: () => 0.4,
      score: () => scores.next().value ?? 0,
    };
    const endpointer = new Endpointer(scripted, { ...listening, hangover_ms: one.hangover_ms });
    const found: Utterance[] = [];
    for (let frame = 0; frame < one.scores.length; frame++) {
      found.push(...(await endpointer.feed(new Float32Array(listening.hop).fill(frame))));
    }
    const last = endpointer.finish();
    expect(described(last ? [...found, last] : found)).toEqual(one.utterances);
  });
});

describe("the detectors", () => {
  const sound = samples(made("stream.wav"));

  test("of any sound scores as Python's, and cuts the same utterances", async () => {
    const scores = await scored(new LevelDetector(listening), python.level.frames);
    expect(furthest(scores, python.level.scores)).toBeLessThan(1e-3); // dB
    const found = await endpoints(new LevelDetector(listening));
    expect(found.map(([start, end]) => [start, end])).toEqual(
      python.level.utterances.map(([start, end]) => [start, end]),
    );
  });

  test("of speech scores as Python's, and cuts the same utterances", async () => {
    const silero = await ort.InferenceSession.create(model("silero.onnx"));
    const scores = await scored(new SpeechDetector(silero, listening), python.speech.frames);
    expect(furthest(scores, python.speech.scores)).toBeLessThan(1e-3);
    const found = await endpoints(new SpeechDetector(silero, listening));
    expect(found.map((one) => one.slice(0, 4))).toEqual(
      python.speech.utterances.map((one) => one.slice(0, 4)),
    );
  });

  async function scored(detector: Detector, frames: number): Promise<number[]> {
    const scores = [];
    for (let i = 0; i < frames; i++) {
      const frame = sound.subarray(i * listening.hop, (i + 1) * listening.hop);
      scores.push(await detector.score(frame));
    }
    return scores;
  }

  async function endpoints(detector: Detector): Promise<number[][]> {
    const endpointer = new Endpointer(detector, listening);
    const all = python.speech.frames * listening.hop;
    const found = [];
    for (let at = 0; at < all; at += 777) {
      found.push(...(await endpointer.feed(sound.subarray(at, Math.min(at + 777, all)))));
    }
    const last = endpointer.finish();
    return described(last ? [...found, last] : found);
  }
});

describe("channels", () => {
  test.each(python.mixing)("are mixed as Python does: $name", ({ channels, blocks, mixed }) => {
    const mixer = new Mixer(channels.length, listening.mixing);
    const ours: number[] = [];
    let at = 0;
    for (const block of blocks) {
      const samples = channels.map((one) => Float32Array.from(one.slice(at, at + block)));
      mixer.listen(samples);
      ours.push(...mixer.mix(samples));
      at += block;
    }
    expect(furthest(ours, mixed)).toBeLessThan(1e-6);
  });
});

describe("one second of a recording, and its level", () => {
  test.each(python.one_second)("are Python's: $name", ({ waveform, second, dbfs }) => {
    const input = Float32Array.from(waveform);
    expect(furthest(oneSecond(input, listening), second)).toBeLessThan(1e-7); // the last bit
    expect(loudestDbfs(input, listening.sample_rate)).toBeCloseTo(dbfs, 6);
  });
});

describe("a decision", () => {
  const labels = [..."0123456789"];
  test.each(python.decisions)("is Python's: $verdict.reason", (one) => {
    const probabilities = Float32Array.from(one.probabilities);
    const verdict = decide(labels, probabilities, one.level, one.seconds, listening);
    expect(verdict).toEqual({ ...one.verdict, probabilities });
  });

  test("is put into words as Python puts it", () => {
    const verdict = {
      guess: "7",
      confidence: 0.412,
      probabilities: new Float32Array(),
      reason: "",
    };
    expect(say({ ...verdict, label: "7" }, "digit")).toBe("7  41%");
    const refused = { ...verdict, label: null, reason: "too short: 40 ms" };
    expect(say(refused, "digit")).toBe("not a digit (too short: 40 ms; nearest 7, 41%)");
    expect(say(refused, "word")).toBe(
      "no word of the vocabulary (too short: 40 ms; nearest 7, 41%)",
    );
  });
});

describe("outputs of CTC", () => {
  test.each(python.ctc)("have Python's best path, and its probability", (one) => {
    const frames = one.outputs.map((row) => Float32Array.from(row));
    const path = bestPath(frames);
    expect(path).toEqual(one.path.map(close));
    const labels = path.map(({ label }) => label);
    expect(logProbability(frames, labels)).toBeCloseTo(one.log_probability, 4);
  });
});

describe("numbers", () => {
  test.each(python.number_streams)(
    "are read as in Python, while they are said: $file in blocks of $block",
    async (one) => {
      const bytes = Uint8Array.from(readFileSync(made(one.model)));
      const opened = await open(bytes, one.model, listening);
      const silero = await ort.InferenceSession.create(model("silero.onnx"));
      const numbers = await NumberModel.load(opened, listening);
      const reader = new NumberReader(numbers, silero, listening);
      const sound = samples(made(one.file));
      const steps = new Map(one.steps.map((step) => [step.fed, step]));
      let before: NumberWord[] = [];
      for (let at = 0; at < sound.length; at += one.block) {
        const ended = await reader.feed(sound.subarray(at, at + one.block));
        const theirs = steps.get(at + one.block) ?? { ended: [], so_far: before };
        expect(ended).toEqual(theirs.ended.map(near));
        expect(await reader.soFar()).toEqual(theirs.so_far.map(close));
        before = theirs.so_far;
      }
      expect(await reader.finish()).toEqual(one.last.map(near));
    },
  );

  test("are written with a sign for what is unsure", () => {
    const words = [0.9, 0.4, 0.5].map((confidence) => ({
      label: "7",
      start: 0,
      end: 0,
      confidence,
    }));
    expect(written(words, "digit", { ...listening, reject: 0.5 })).toBe("7?7");
    expect(written(words, "word", { ...listening, reject: 0.5 })).toBe("7 ? 7");
  });

  function near({ words, confidence }: NumberRead) {
    const end = expect.any(Number); // as the endpointer's, which is compared above
    return { words: words.map(close), confidence: expect.closeTo(confidence, 2), end };
  }
});

/** What is to be equal, but for the confidence: that is to be close. */
function close<T extends { confidence: number }>(one: T) {
  return { ...one, confidence: expect.closeTo(one.confidence, 3) };
}

describe("a model's metadata", () => {
  test("is read from the file", () => {
    const metadata = onnxMetadata(model("digits.onnx"));
    expect(metadata.get("format")).toBe(listening.format);
    expect(JSON.parse(metadata.get("labels") ?? "")).toEqual([..."0123456789", listening.other]);
  });

  test("is not found in what is no ONNX file", () => {
    expect(() => onnxMetadata(new TextEncoder().encode("no model at all"))).toThrow(RangeError);
    expect(() => onnxMetadata(model("digits.onnx").subarray(0, 100_000))).toThrow(RangeError);
  });
});

function described(utterances: Utterance[]): number[][] {
  return utterances.map(({ start, end, offset, sound }) => [
    start,
    end,
    offset,
    sound.length,
    sound[0],
  ]);
}
