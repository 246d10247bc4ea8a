import { Mixer, type MixingConstants } from "./live/mixing";
import type { Block } from "./messages";

declare const sampleRate: number;
declare function registerProcessor(name: string, processor: unknown): void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

const BLOCK = Math.round(sampleRate / 50); // samples, 20 ms

/** Sends what the microphone gives, mixed and in blocks of 20 ms, to the port that it is handed. */
class Capture extends AudioWorkletProcessor {
  private channels: Float32Array[] = [];
  private filled = 0;
  private mixer: Mixer | null = null;
  private to: MessagePort | null = null;
  private readonly mixing: MixingConstants;

  constructor({ processorOptions }: { processorOptions: MixingConstants }) {
    super();
    this.mixing = processorOptions;
    this.port.onmessage = (event) => {
      this.to = event.data as MessagePort;
    };
  }

  process([given]: Float32Array[][]): boolean {
    if (!this.to || !given?.length) return true;
    if (given.length !== this.channels.length) {
      this.channels = given.map(() => new Float32Array(BLOCK));
      this.mixer = new Mixer(given.length, this.mixing);
      this.filled = 0;
    }
    for (let i = 0; i < given[0].length; i++) {
      for (const [channel, samples] of given.entries()) {
        this.channels[channel][this.filled] = samples[i];
      }
      this.filled += 1;
      if (this.filled === BLOCK) this.send(this.to);
    }
    return true;
  }

  private send(to: MessagePort): void {
    const samples = this.mixed().slice();
    const block: Block = { samples, arrived: Date.now() };
    to.postMessage(block, [samples.buffer]);
    this.filled = 0;
  }

  private mixed(): Float32Array {
    const finite = this.channels.every((samples) => samples.every(Number.isFinite));
    if (!finite || !this.mixer) return new Float32Array(BLOCK); // whoever hears one NaN is deaf
    this.mixer.listen(this.channels);
    return this.mixer.mix(this.channels);
  }
}

registerProcessor("capture", Capture);
