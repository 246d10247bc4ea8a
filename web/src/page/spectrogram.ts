/** Draw grey levels as black that is more opaque the louder it is; style.css inverts it in the dark. */
function paint(canvas: HTMLCanvasElement, levels: Uint8Array, columns: number): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const image = context.createImageData(columns, levels.length / columns);
  for (let i = 0; i < levels.length; i++) image.data[4 * i + 3] = levels[i];
  context.putImageData(image, 0, 0);
}

/** A word's picture, a second of sound, as the network saw it. */
export function thumbnail(picture: Uint8Array, size: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Its spectrogram");
  paint(canvas, picture, size);
  return canvas;
}

/**
 * The last seconds, scrolling. The newest `size` columns are the network's picture of the latest
 * second, drawn anew each time, since its levels are relative to that second's loudest; older
 * columns stay as they were. A picture's first column has a click where the second begins, and is
 * left out.
 */
export class Spectrogram {
  private readonly columns: number;
  private levels: Uint8Array;
  private newest = 0; // frame in the stream

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly size: number,
  ) {
    this.columns = canvas.width;
    this.levels = new Uint8Array(size * this.columns);
    canvas.height = size;
  }

  /** Begin anew. */
  clear(): void {
    this.levels.fill(0);
    this.newest = 0;
    this.draw();
  }

  /** Show the second that ends in a frame; null is silence, which is black to the network. */
  show(frame: number, picture: Uint8Array | null): void {
    const moved = Math.min(Math.max(frame - this.newest, 0), this.columns);
    this.newest = frame;
    for (let row = 0; row < this.size; row++) {
      const strip = this.levels.subarray(row * this.columns, (row + 1) * this.columns);
      strip.copyWithin(0, moved);
      strip.fill(0, this.columns - moved);
      const latest = picture?.subarray(row * this.size + 1, (row + 1) * this.size);
      if (latest) strip.set(latest, this.columns - latest.length);
    }
    this.draw();
  }

  private draw(): void {
    paint(this.canvas, this.levels, this.columns);
  }
}
