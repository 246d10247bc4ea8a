import type { Listening } from "../listening";
import type { FromWorker, ModelFile, ToWorker } from "../messages";

const FOLDER = new URL("./models/", document.baseURI);

/** A file of the page that cannot be had; its message is for the user. */
export class LoadError extends Error {}

/** The worker that listens, and what it listens by. */
export class Engine {
  private constructor(
    readonly listening: Listening,
    private readonly worker: Worker,
  ) {}

  /**
   * Fetch all that listening needs and start. In the query, `model` is the address of another model
   * on this host, relative to the page, and `detector` what live.detector is in params.yaml, for a
   * model that needs the other one. Throws LoadError.
   */
  static async start(query: URLSearchParams, hear: (message: FromWorker) => void): Promise<Engine> {
    if (typeof WebAssembly !== "object") {
      throw new LoadError(
        "This browser has no WebAssembly, or it is switched off; nothing can be recognised without it.",
      );
    }
    const model = query.get("model");
    const wanted = model ? new URL(model, document.baseURI) : new URL("digits.onnx", FOLDER);
    if (wanted.origin !== location.origin) {
      throw new LoadError(`${model}: on another host. Download it, and drop it here.`);
    }
    const numbers = new URL("numbers.onnx", wanted); // beside it
    const [listening, silero, ...models] = await Promise.all([
      fetched(new URL("listening.json", FOLDER)).then((response) => response.json()),
      fetched(new URL("silero.onnx", FOLDER)).then((response) => response.arrayBuffer()),
      modelFile(wanted),
      modelFile(numbers).catch(() => null), // single words can be heard without it
    ]);
    const detector = query.get("detector");
    if (detector === "speech" || detector === "level") listening.detector = detector;
    const worker = new Worker(new URL("../worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => hear(data);
    worker.onerror = ({ message }) => hear({ kind: "failed", what: "wasm", text: message });
    const engine = new Engine(listening, worker);
    engine.tell({ kind: "begin", listening, silero, models: models.filter((one) => one !== null) });
    return engine;
  }

  tell(message: ToWorker, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }
}

async function modelFile(address: URL): Promise<ModelFile> {
  const response = await fetched(address);
  return { name: fileName(address), bytes: await response.arrayBuffer() };
}

async function fetched(address: URL): Promise<Response> {
  const name = fileName(address);
  let response: Response;
  try {
    response = await fetch(address);
  } catch {
    throw new LoadError(`${name} cannot be fetched. Is this machine offline?`);
  }
  if (!response.ok) throw new LoadError(`${name} cannot be fetched (${response.status}).`);
  return response;
}

function fileName(address: URL): string {
  return address.pathname.split("/").pop() ?? "";
}
