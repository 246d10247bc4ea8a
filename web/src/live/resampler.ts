import type { ResamplerConstants } from "../listening";

/**
 * Brings a stream of samples to another rate block by block: a polyphase windowed sinc, the filter
 * of src/spoken_digits/live/stream_resampler.py.
 */
export class Resampler {
  private readonly up: number;
  private readonly down: number;
  private readonly reach: number;
  private readonly taps: number;
  private readonly filters: Float64Array; // (up, taps)
  private pending: Float64Array;
  private position = 0; // of the next output, on the upsampled grid from the pending's start

  constructor(from: number, to: number, { taps_a_side, kaiser_beta }: ResamplerConstants) {
    const common = gcd(from, to);
    this.up = to / common;
    this.down = from / common;
    const widest = Math.max(this.up, this.down);
    this.reach = Math.ceil((taps_a_side * widest) / this.up);
    this.taps = 2 * this.reach + 1;
    this.filters = new Float64Array(this.up * this.taps);
    for (let phase = 0; phase < this.up; phase++) {
      const filter = this.filters.subarray(phase * this.taps, (phase + 1) * this.taps);
      let sum = 0;
      for (let tap = 0; tap < this.taps; tap++) {
        const distance = ((tap - this.reach - phase / this.up) * this.up) / widest;
        const inside = Math.max(0, 1 - (distance / taps_a_side) ** 2);
        filter[tap] = inside > 0 ? sinc(distance) * besselI0(kaiser_beta * Math.sqrt(inside)) : 0;
        sum += filter[tap];
      }
      for (let tap = 0; tap < this.taps; tap++) filter[tap] /= sum; // a constant stays one
    }
    this.pending = new Float64Array(this.reach); // silence, so that output 0 sits at input 0
  }

  /** Take samples at the source's rate; return those that are now certain. */
  feed(samples: Float32Array): Float32Array {
    if (this.up === this.down) return samples;
    const pending = new Float64Array(this.pending.length + samples.length);
    pending.set(this.pending);
    pending.set(samples, this.pending.length);
    const ready = pending.length - this.taps + 1; // inputs whose whole surrounding is there
    const count = Math.max(0, Math.ceil((ready * this.up - this.position) / this.down));
    const output = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      const position = this.position + i * this.down;
      const start = Math.floor(position / this.up);
      const filter = (position % this.up) * this.taps;
      let sum = 0;
      for (let tap = 0; tap < this.taps; tap++) {
        sum += pending[start + tap] * this.filters[filter + tap];
      }
      output[i] = sum;
    }
    this.position += count * this.down;
    const used = Math.min(Math.floor(this.position / this.up), pending.length);
    this.pending = pending.slice(used);
    this.position -= used * this.up;
    return output;
  }
}

/** Bring a whole recording to another rate: ceil(n * to / from) samples. */
export function resample(
  samples: Float32Array,
  from: number,
  to: number,
  constants: ResamplerConstants,
): Float32Array {
  if (from === to) return samples;
  const resampler = new Resampler(from, to, constants);
  const wanted = Math.ceil((samples.length * to) / from);
  const silence = Math.ceil((constants.taps_a_side + 1) * Math.max(1, from / to)) + 1;
  const padded = new Float32Array(samples.length + silence);
  padded.set(samples);
  return resampler.feed(padded).subarray(0, wanted);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** The modified Bessel function of the first kind and order 0, by its power series. */
function besselI0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
