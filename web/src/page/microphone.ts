import capture from "../capture.worklet.ts?worker&url";
import type { MixingConstants } from "../live/mixing";

/** A microphone that cannot be had; its message is for the user. */
export class MicrophoneError extends Error {}

/** The microphone, as it is: no echo cancelled, no noise suppressed, no level changed. */
export class Microphone {
  private constructor(
    private readonly stream: MediaStream,
    private readonly context: AudioContext,
    readonly port: MessagePort,
  ) {}

  get name(): string {
    return this.stream.getAudioTracks()[0].label;
  }

  /** Hz, of what comes out of `port` as Blocks. */
  get rate(): number {
    return this.context.sampleRate;
  }

  /** Open it, asking the user if need be; `gone` is called if it goes away. Throws MicrophoneError. */
  static async open(mixing: MixingConstants, gone: () => void): Promise<Microphone> {
    // Not there at all on http:, but for this machine.
    const devices: MediaDevices | undefined = navigator.mediaDevices;
    if (!devices?.getUserMedia) {
      throw new MicrophoneError(
        "The microphone cannot be used on this address. Browsers allow it on https: and on localhost alone.",
      );
    }
    let stream: MediaStream;
    try {
      stream = await devices.getUserMedia({
        audio: {
          channelCount: 2, // if it has them: at which one the voice is, nobody knows
          echoCancellation: false,
          noiseSuppression: false,
          autoGainControl: false,
        },
      });
    } catch (error) {
      throw new MicrophoneError(explain(error));
    }
    stream.getAudioTracks()[0].onended = gone;
    const context = new AudioContext({ latencyHint: "interactive" });
    try {
      await context.audioWorklet.addModule(capture);
      const worklet = new AudioWorkletNode(context, "capture", {
        numberOfOutputs: 0,
        processorOptions: mixing,
      });
      const { port1, port2 } = new MessageChannel();
      worklet.port.postMessage(port1, [port1]);
      context.createMediaStreamSource(stream).connect(worklet);
      await context.resume();
      return new Microphone(stream, context, port2);
    } catch (error) {
      for (const track of stream.getTracks()) track.stop();
      await context.close();
      throw new MicrophoneError(`The microphone's sound cannot be read here (${error}).`);
    }
  }

  async close(): Promise<void> {
    for (const track of this.stream.getTracks()) track.stop();
    await this.context.close();
  }
}

function explain(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return "The microphone was refused. Allow it for this page at the sign beside its address. If it is allowed there, allow it for the browser in the system's privacy settings.";
    case "NotFoundError":
      return "No microphone was found. Plug one in, or switch it on.";
    case "NotReadableError":
    case "AbortError":
      return "The microphone is in use by another program, or out of order. Close that program and try again.";
    default:
      return `The microphone cannot be opened (${error}).`;
  }
}
