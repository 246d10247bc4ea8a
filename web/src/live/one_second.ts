import type { Listening } from "../listening";

type Constants = Pick<Listening, "second" | "hop" | "one_second">;

/**
 * Fit a 16 kHz waveform of any length to one second: a shorter one is centred between zeros, of a
 * longer one the second that sounds most is kept, to the hop. Its mean is taken away
 * (src/spoken_digits/sound/one_second.py).
 */
export function oneSecond(waveform: Float32Array, constants: Constants): Float32Array {
  const { second } = constants;
  let kept = waveform;
  if (waveform.length > second) {
    const at = start(waveform, constants);
    kept = waveform.subarray(at, at + second);
  }
  let sum = 0;
  for (const sample of kept) sum += sample;
  const mean = sum / Math.max(kept.length, 1);
  const fitted = new Float32Array(second);
  const before = Math.floor((second - kept.length) / 2);
  for (let i = 0; i < kept.length; i++) fitted[before + i] = kept[i] - mean;
  return fitted;
}

/**
 * Where the second begins that sounds most, in samples. A hop counts by the logarithm of its power,
 * and by no more than that of the eighth loudest hop: a word lasts, a click or a knock does not. Nor
 * does it count by more than 10 dB over what lasts 50 ms around it. The power is of differences from
 * sample to sample, in which offset and hum are nothing.
 */
function start(waveform: Float32Array, { second, hop, one_second }: Constants): number {
  let power = new Float64Array(Math.floor(waveform.length / hop));
  for (let i = 1; i < power.length * hop; i++) {
    power[Math.floor(i / hop)] += (waveform[i] - waveform[i - 1]) ** 2;
  }
  const around = lasting(power, one_second.steady);
  if (around.some((one) => one > 0)) {
    power = power.map((one, i) => Math.min(one, one_second.peak * around[i]));
  } // else it is a knock in digital silence
  const sorted = power.slice().sort();
  const steady = sorted[sorted.length - one_second.lasting] || sorted[sorted.length - 1] || 1;
  const sums = new Float64Array(power.length + 1);
  for (const [i, one] of power.entries()) {
    sums[i + 1] = sums[i] + Math.log1p(Math.min(one / steady, 1) * one_second.range);
  }
  const width = second / hop;
  let [best, most] = [0, -1];
  for (let at = 0; at + width < sums.length; at++) {
    const within = sums[at + width] - sums[at];
    if (within > most) [best, most] = [at, within];
  }
  return best * hop;
}

/**
 * The power that lasts `steady` hops: the highest of the lowest powers of all stretches that a hop is
 * in (morphological opening). Beyond its ends the waveform goes on as it is there.
 */
function lasting(power: Float64Array, steady: number): Float64Array {
  const at = (hop: number) => power[Math.min(Math.max(hop, 0), power.length - 1)];
  const lowest = Float64Array.from({ length: power.length + steady - 1 }, (_, last) => {
    let low = at(last);
    for (let back = 1; back < steady; back++) low = Math.min(low, at(last - back));
    return low;
  });
  return power.map((_, i) => Math.max(...lowest.subarray(i, i + steady)));
}
