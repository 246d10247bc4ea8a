import { Mixer, type MixingConstants } from "../live/mixing";

/** A file that is no sound that this browser decodes; its message is for the user. */
export class FileError extends Error {}

const LOWEST_RATE = 8000; // Hz, that every browser decodes at
const HIGHEST_RATE = 96_000;
const USUAL_RATE = 48_000;

/** Decode a sound file: mono samples, and their rate in Hz. Throws FileError. */
export async function decode(
  file: File,
  mixing: MixingConstants,
): Promise<{ samples: Float32Array; rate: number }> {
  const content = await file.arrayBuffer();
  // A browser resamples what it decodes to the rate asked for; at a WAV's own rate it has no need.
  const rate = wavRate(new DataView(content)) ?? USUAL_RATE;
  let decoded: AudioBuffer;
  try {
    const context = new OfflineAudioContext(1, 1, rate);
    decoded = await context.decodeAudioData(content);
  } catch {
    throw new FileError(`${file.name}: not a sound file that this browser can read.`);
  }
  if (!decoded.length) throw new FileError(`${file.name}: holds no sound.`);
  const count = decoded.numberOfChannels;
  const channels = Array.from({ length: count }, (_, channel) => decoded.getChannelData(channel));
  if (!channels.every((samples) => samples.every(Number.isFinite))) {
    throw new FileError(`${file.name}: holds samples that are not finite numbers.`);
  }
  const mixer = new Mixer(count, mixing);
  mixer.listen(channels);
  return { samples: mixer.mix(channels).slice(), rate: decoded.sampleRate };
}

/** Return the sample rate in a WAV file's header; null if it is another file, or a rare rate. */
function wavRate(content: DataView): number | null {
  const tag = (at: number) => String.fromCharCode(...new Uint8Array(content.buffer, at, 4));
  if (content.byteLength < 44 || tag(0) !== "RIFF" || tag(8) !== "WAVE") return null;
  for (let at = 12; at + 16 <= content.byteLength; ) {
    if (tag(at) === "fmt ") {
      const rate = content.getUint32(at + 12, true);
      return rate >= LOWEST_RATE && rate <= HIGHEST_RATE ? rate : null;
    }
    const size = content.getUint32(at + 4, true);
    at += 8 + size + (size % 2);
  }
  return null;
}
