/**
 * Fit a waveform of any length to `second` samples: a shorter one is centred between zeros, of a
 * longer one the second with the most energy is kept, to the hop
 * (src/spoken_digits/sound/one_second.py).
 */
export function oneSecond(waveform: Float32Array, second: number, hop: number): Float32Array {
  let kept = waveform;
  if (waveform.length > second) {
    const energy = runningEnergy(waveform);
    let [best, most] = [0, -1];
    for (let start = 0; start <= waveform.length - second; start += hop) {
      const within = energy[start + second] - energy[start];
      if (within > most) [best, most] = [start, within];
    }
    kept = waveform.subarray(best, best + second);
  }
  const fitted = new Float32Array(second);
  fitted.set(kept, Math.floor((second - kept.length) / 2));
  return fitted;
}

/** The energy of all samples before each one, and of all. */
export function runningEnergy(waveform: Float32Array): Float64Array {
  const energy = new Float64Array(waveform.length + 1);
  for (let i = 0; i < waveform.length; i++) energy[i + 1] = energy[i] + waveform[i] * waveform[i];
  return energy;
}
