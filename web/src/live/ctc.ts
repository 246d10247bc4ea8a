/**
 * What connectionist temporal classification makes of outputs, as src/spoken_digits/model/ctc.py.
 * A frame is the log-probabilities of the labels, and of the blank, which comes last.
 */
export type Frame = Float32Array;

/** A label that is read in the frames `first` to `end` - 1, and its highest probability there. */
export interface Emission {
  label: number;
  first: number;
  end: number;
  confidence: number;
}

/** The labels of the likeliest class of each frame; a blank between two makes them two. */
export function bestPath(frames: Frame[]): Emission[] {
  const emissions: Emission[] = [];
  let before = -1;
  for (const [i, frame] of frames.entries()) {
    const highest = Math.max(...frame);
    const label = frame.indexOf(highest);
    if (label < frame.length - 1) {
      if (label !== before) emissions.push({ label, first: i, end: i, confidence: 0 });
      const emission = emissions[emissions.length - 1];
      emission.end = i + 1;
      emission.confidence = Math.max(emission.confidence, Math.exp(highest));
    }
    before = label;
  }
  return emissions;
}

/**
 * The log of the probability that just these labels are said, over all alignments: the forward
 * algorithm of Graves et al., 2006.
 */
export function logProbability(frames: Frame[], labels: number[]): number {
  const blank = frames[0].length - 1;
  const states = [blank, ...labels.flatMap((label) => [label, blank])];
  let forward = states.map((state, i) => (i < 2 ? frames[0][state] : Number.NEGATIVE_INFINITY));
  for (const frame of frames.slice(1)) {
    const before = forward;
    forward = states.map((state, i) => {
      const skips = i > 1 && state !== blank && state !== states[i - 2];
      return logSum(before.slice(Math.max(i - (skips ? 2 : 1), 0), i + 1)) + frame[state];
    });
  }
  return logSum(forward.slice(-2));
}

function logSum(logarithms: number[]): number {
  const highest = Math.max(...logarithms);
  if (highest === Number.NEGATIVE_INFINITY) return highest;
  return highest + Math.log(logarithms.reduce((sum, one) => sum + Math.exp(one - highest), 0));
}
