/** Of listening.json; see CANCELLED and AS_STRONG in src/spoken_digits/sound/mixing.py. */
export interface MixingConstants {
  cancelled: number;
  as_strong: number;
}

/**
 * Several channels become one: their mean, or the strongest where the mean cancels the sound, as
 * that of a cable does which is wired the wrong way round (src/spoken_digits/sound/mixing.py).
 */
export class Mixer {
  private n = 0;
  private readonly sums: Float64Array; // of the channels, and of their mean
  private readonly squares: Float64Array;

  constructor(
    channels: number,
    private readonly constants: MixingConstants,
  ) {
    this.sums = new Float64Array(channels + 1);
    this.squares = new Float64Array(channels + 1);
  }

  /** Take the next samples of each channel. */
  listen(channels: Float32Array[]): void {
    this.n += channels[0].length;
    for (let i = 0; i < channels[0].length; i++) {
      for (const [index, channel] of channels.entries()) this.add(index, channel[i]);
      this.add(channels.length, mean(channels, i));
    }
  }

  /** Return samples as one channel, by all that was listened to. */
  mix(channels: Float32Array[]): Float32Array {
    const chosen = this.chosen();
    if (chosen !== null) return channels[chosen];
    return channels[0].map((_, i) => mean(channels, i));
  }

  /** The channel to take in the place of the mean; null: the mean is right. */
  private chosen(): number | null {
    if (this.n === 0) return null;
    const powers = this.squares.map(
      (squares, index) => Math.max(squares / this.n - (this.sums[index] / this.n) ** 2, 0), // a constant is no sound
    );
    const channels = powers.subarray(0, -1);
    const unrelated = channels.reduce((sum, power) => sum + power, 0) / channels.length ** 2;
    if (powers[channels.length] >= this.constants.cancelled * unrelated) return null;
    const strong = this.constants.as_strong * Math.max(...channels);
    return channels.findIndex((power) => power > strong);
  }

  private add(index: number, sample: number): void {
    this.sums[index] += sample;
    this.squares[index] += sample * sample;
  }
}

function mean(channels: Float32Array[], at: number): number {
  let sum = 0;
  for (const channel of channels) sum += channel[at];
  return sum / channels.length;
}
