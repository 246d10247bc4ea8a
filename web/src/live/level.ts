import type { Listening } from "../listening";
import type { Detector } from "./endpointer";

/**
 * Any sound, by how far it stands out of the room's noise: src/spoken_digits/live/level.py, for
 * vocabularies that nobody says. Scores are in dB.
 */
export class LevelDetector implements Detector {
  readonly lag: number;
  readonly shortest: number;
  private readonly window: Float64Array;
  private readonly cosines: Float64Array; // of one turn in `window` steps
  private readonly bands: { from: number; to: number; scale: number }[]; // in bins of the spectrum
  private readonly levels: Float64Array[]; // a ring of the latest for each band, dB
  private readonly ratios: Float64Array[]; // of the latest frames to the floor
  private readonly floor: Float64Array; // dB
  private before: Float32Array;
  private count = 0; // frames
  private peak = 0;

  constructor(private readonly listening: Pick<Listening, "level" | "sample_rate" | "hop">) {
    const { edges_hz, window, quietest_db, floor_frames, mean_frames } = listening.level;
    this.lag = listening.level.lag;
    this.shortest = listening.level.shortest;
    const turn = (2 * Math.PI) / window;
    this.window = Float64Array.from({ length: window }, (_, n) => 0.5 - 0.5 * Math.cos(turn * n));
    this.cosines = Float64Array.from({ length: window }, (_, n) => Math.cos(turn * n));
    const energy = this.window.reduce((sum, value) => sum + value * value, 0);
    const bin = (hz: number) => Math.ceil((hz * window) / listening.sample_rate);
    this.bands = edges_hz.slice(1).map((edge, i) => {
      const [from, to] = [bin(edges_hz[i]), bin(edge)];
      return { from, to, scale: 1 / (to - from) / energy };
    });
    const bands = this.bands.length;
    this.levels = this.bands.map(() => new Float64Array(floor_frames).fill(quietest_db));
    this.ratios = Array.from({ length: mean_frames }, () => new Float64Array(bands).fill(1));
    this.floor = new Float64Array(bands).fill(quietest_db);
    this.before = new Float32Array(listening.hop);
  }

  start(): number {
    const { start_db, unknown_db, known_frames } = this.listening.level;
    return start_db + unknown_db * Math.max(0, 1 - this.count / known_frames);
  }

  stay(): number {
    const { stay_db, share_of_peak } = this.listening.level;
    return Math.max(stay_db, this.peak * share_of_peak);
  }

  score(frame: Float32Array): number {
    const { quietest_db, floor_frames, update_frames, mean_frames, peak_decay } =
      this.listening.level;
    const levels = this.power(frame).map((power) =>
      Math.max(10 * Math.log10(power + 1e-20), quietest_db),
    );
    for (const [band, level] of levels.entries()) {
      this.levels[band][this.count % floor_frames] = level;
    }
    this.count += 1;
    if (this.count % update_frames === 0 || this.count < update_frames) this.followFloor();
    this.ratios[this.count % mean_frames] = levels.map(
      (level, band) => 10 ** ((level - this.floor[band]) / 10),
    );
    let sum = 0;
    for (let band = 0; band < levels.length; band++) {
      const mean = this.ratios.reduce((total, one) => total + one[band], 0) / mean_frames;
      sum += Math.sqrt(mean);
    }
    const score = 20 * Math.log10(sum / levels.length);
    this.peak = Math.max(score, this.peak * peak_decay);
    this.before = frame;
    return score;
  }

  /** The mean power of each band in this frame and the one before. */
  private power(frame: Float32Array): Float64Array {
    const size = this.window.length;
    const windowed = new Float64Array(size);
    windowed.set(this.before);
    windowed.set(frame, this.before.length);
    for (let n = 0; n < size; n++) windowed[n] *= this.window[n];
    return Float64Array.from(this.bands, ({ from, to, scale }) => {
      let power = 0;
      for (let bin = from; bin < to; bin++) {
        let [real, imaginary, at] = [0, 0, 0];
        for (let n = 0; n < size; n++) {
          real += windowed[n] * this.cosines[at];
          imaginary += windowed[n] * this.cosines[(at + (3 * size) / 4) % size];
          at = (at + bin) % size;
        }
        power += real * real + imaginary * imaginary;
      }
      return power * scale;
    });
  }

  private followFloor(): void {
    const { floor_frames, lowest_percent, floor_percent, spreads } = this.listening.level;
    const heard = Math.min(this.count, floor_frames);
    for (const [band, levels] of this.levels.entries()) {
      const sorted = levels.slice(0, heard).sort();
      const lowest = sorted[Math.floor((heard * lowest_percent) / 100)];
      const floor = sorted[Math.floor((heard * floor_percent) / 100)];
      this.floor[band] = floor + spreads * (floor - lowest);
    }
  }
}
