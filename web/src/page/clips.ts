import { strToU8, zipSync } from "fflate";

/** A clip that the user has labelled. */
export interface Clip {
  label: string;
  sound: Float32Array;
}

/**
 * Pack clips as the pipeline names recordings, `<label>_<speaker>_<take>.wav`: a ZIP for
 * `corpora: [folder]`, and unpacked a folder for `make personal`.
 */
export function packed(clips: Clip[], speaker: string, rate: number): Uint8Array<ArrayBuffer> {
  const takes = new Map<string, number>();
  const files: Record<string, Uint8Array> = {};
  for (const { label, sound } of clips) {
    const take = takes.get(label) ?? 0;
    takes.set(label, take + 1);
    files[`${label}_${speaker}_${take}.wav`] = wav(sound, rate);
  }
  return zipSync(files, { level: 6 });
}

/** Return a word outside the vocabulary as a label: `other-<word>`, in a-z, 0-9 and hyphens. */
export function otherLabel(word: string, other: string): string {
  const plain = word.normalize("NFKD").toLowerCase().replaceAll("ß", "ss");
  const slug = plain
    .replace(/[^\x20-\x7e]/g, "")
    .match(/[a-z0-9]+/g)
    ?.join("-");
  return `${other}-${slug ?? "unknown"}`;
}

/** Write a waveform in -1..1 as a WAV file: mono, PCM 16-bit. */
export function wav(sound: Float32Array, rate: number): Uint8Array {
  const bytes = new Uint8Array(44 + 2 * sound.length);
  const view = new DataView(bytes.buffer);
  const numbers: [number, number, 2 | 4][] = [
    [4, bytes.length - 8, 4],
    [16, 16, 4],
    [20, 1, 2], // PCM
    [22, 1, 2], // channels
    [24, rate, 4],
    [28, 2 * rate, 4], // bytes a second
    [32, 2, 2],
    [34, 16, 2],
    [40, 2 * sound.length, 4],
  ];
  for (const [at, text] of [
    [0, "RIFF"],
    [8, "WAVEfmt "],
    [36, "data"],
  ] as const) {
    bytes.set(strToU8(text), at);
  }
  for (const [at, value, size] of numbers) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
  }
  for (let i = 0; i < sound.length; i++) {
    const sample = Math.round(Math.min(1, Math.max(-1, sound[i])) * 32767);
    view.setInt16(44 + 2 * i, sample, true);
  }
  return bytes;
}

/** Have the browser save a file. */
export function save(content: BlobPart, name: string, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
