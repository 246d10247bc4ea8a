import type { Block } from "./messages";

declare const sampleRate: number;
declare function registerProcessor(name: string, processor: unknown): void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

/** Sends what the microphone gives, in blocks of 20 ms, to the port that it is handed. */
class Capture extends AudioWorkletProcessor {
  private block = new Float32Array(Math.round(sampleRate / 50));
  private filled = 0;
  private to: MessagePort | null = null;

  constructor() {
    super();
    this.port.onmessage = (event) => {
      this.to = event.data as MessagePort;
    };
  }

  process([channels]: Float32Array[][]): boolean {
    if (!this.to || !channels?.length) return true;
    for (let i = 0; i < channels[0].length; i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[i];
      const sample = sum / channels.length;
      this.block[this.filled++] = Number.isFinite(sample) ? sample : 0; // else the detector is deaf
      if (this.filled === this.block.length) this.send(this.to);
    }
    return true;
  }

  private send(to: MessagePort): void {
    const block: Block = { samples: this.block, arrived: Date.now() };
    to.postMessage(block, [this.block.buffer]);
    this.block = new Float32Array(Math.round(sampleRate / 50));
    this.filled = 0;
  }
}

registerProcessor("capture", Capture);
