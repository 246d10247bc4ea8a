import { say } from "../live/decision";
import type { ModelFacts, NumberHeard, WordHeard } from "../messages";
import { type Clip, otherLabel, wav } from "./clips";
import { make } from "./element";
import { thumbnail } from "./spectrogram";

const LONGEST = 200; // rows; older ones go

interface Entry {
  word: WordHeard;
  model: ModelFacts;
  latencyMs: number | null;
  row: HTMLElement;
  /** What the user says it was. */
  label: string | null;
}

interface NumberEntry {
  number: NumberHeard;
  model: ModelFacts;
  /** As it is written. */
  text: string;
  latencyMs: number | null;
  row: HTMLElement;
}

/** What was heard, newest first, with what the user says it was. */
export class History {
  private entries: (Entry | NumberEntry)[] = [];
  private readonly player = new Audio();

  constructor(
    private readonly list: HTMLElement,
    private readonly size: number,
    private readonly rate: number,
    private readonly other: string,
    private readonly changed: () => void,
  ) {}

  get length(): number {
    return this.entries.length;
  }

  /** What the user has labelled, oldest first. */
  clips(): Clip[] {
    return this.entries.flatMap((entry) =>
      "word" in entry && entry.label ? [{ label: entry.label, sound: entry.word.sound }] : [],
    );
  }

  add(word: WordHeard, model: ModelFacts, latencyMs: number | null): void {
    const entry: Entry = { word, model, latencyMs, row: make("li"), label: null };
    this.fill(entry);
    this.keep(entry);
  }

  /** Add a number, as it is written. */
  addNumber(number: NumberHeard, model: ModelFacts, text: string, latencyMs: number | null): void {
    const row = make("li", { className: "number" });
    const entry: NumberEntry = { number, model, text, latencyMs, row };
    const details = [
      `${(100 * number.confidence).toFixed(0)}%`,
      number.file ?? `at ${number.words[0].start.toFixed(1)} s`,
      ...(latencyMs === null ? [] : [`after ${latencyMs.toFixed(0)} ms`]),
    ];
    entry.row.append(
      make("span", { className: "said", textContent: text }),
      make("span", { className: "details", textContent: details.join(" · ") }),
      ...(navigator.clipboard ? [copyButton(text)] : []), // there is none on http:
    );
    this.keep(entry);
  }

  private keep(entry: Entry | NumberEntry): void {
    this.entries.push(entry);
    this.list.prepend(entry.row);
    while (this.entries.length > LONGEST) this.entries.shift()?.row.remove();
    this.changed();
  }

  forget(): void {
    for (const entry of this.entries) {
      if (!("word" in entry) || entry.label === null) continue;
      entry.label = null;
      this.fill(entry);
    }
    this.changed();
  }

  /** One JSON object a line, with the keys of predict_live.py --json. */
  jsonLines(): string {
    const lines = this.entries.map((entry) =>
      "word" in entry ? asJson(entry, this.other) : numberAsJson(entry),
    );
    return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  }

  private fill(entry: Entry): void {
    const { word, model, latencyMs, row } = entry;
    const said = word.label ?? "–";
    const where = word.file ?? `at ${word.start.toFixed(1)} s`;
    const details = [
      word.label === null ? say(word, model.noun) : `${(100 * word.confidence).toFixed(0)}%`,
      where,
      ...(latencyMs === null ? [] : [`after ${latencyMs.toFixed(0)} ms`]),
    ];
    const play = make("button", { type: "button", className: "quiet", textContent: "▶" });
    play.setAttribute("aria-label", `Play ${word.label ?? "it"}, ${where}`);
    play.addEventListener("click", () => this.play(word));
    row.className = word.label === null ? "refused" : "";
    row.replaceChildren(
      word.picture ? thumbnail(word.picture, this.size) : make("span"),
      make("span", { className: said.length > 3 ? "said long" : "said", textContent: said }),
      make("span", { className: "details", textContent: details.join(" · ") }),
      play,
      this.question(entry, where),
    );
  }

  /** Ask what it was, if not what was heard. */
  private question(entry: Entry, where: string): HTMLElement {
    const { word, model, label } = entry;
    const ask = word.label === null ? "It was …" : "Wrong? It was …";
    const choice = make(
      "select",
      {},
      new Option(ask, ""),
      ...model.labels.map((one) => new Option(one === word.label ? `${one} (right)` : one, one)),
      new Option("another word …", this.other),
    );
    if (label && !model.labels.includes(label)) choice.add(new Option(label, label), 1);
    choice.value = label ?? "";
    choice.className = label ? "labelled" : "";
    choice.setAttribute("aria-label", `${ask} (${word.label ?? "nothing claimed"}, ${where})`);
    choice.addEventListener("change", () => {
      if (choice.value === this.other) this.askWord(entry, choice);
      else this.label(entry, choice.value || null);
    });
    return choice;
  }

  private askWord(entry: Entry, choice: HTMLElement): void {
    const input = make("input", { placeholder: "which word?", maxLength: 30 });
    input.setAttribute("aria-label", "Which word was it?");
    let done = false; // leaving the field is the answer, and Enter leaves it
    const finish = (answer: boolean) => {
      if (done) return;
      done = true;
      this.label(entry, answer ? otherLabel(input.value, this.other) : entry.label);
    };
    input.addEventListener("blur", () => finish(true));
    input.addEventListener("keydown", ({ key }) => {
      if (key === "Enter" || key === "Escape") finish(key === "Enter");
    });
    choice.replaceWith(input);
    input.focus();
  }

  private label(entry: Entry, label: string | null): void {
    const inside = entry.row.contains(document.activeElement);
    entry.label = label;
    this.fill(entry);
    if (inside) entry.row.querySelector("select")?.focus();
    this.changed();
  }

  private play(word: WordHeard): void {
    URL.revokeObjectURL(this.player.src);
    const file = new Blob([wav(word.sound, this.rate) as BlobPart], { type: "audio/wav" });
    this.player.src = URL.createObjectURL(file);
    this.player.play().catch(() => {}); // there is no loudspeaker
  }
}

function copyButton(text: string): HTMLElement {
  const copy = make("button", { type: "button", className: "quiet", textContent: "Copy" });
  copy.setAttribute("aria-label", `Copy ${text}`);
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    copy.textContent = "Copied";
    copy.setAttribute("aria-label", `Copied ${text}`);
  });
  return copy;
}

function numberAsJson({ number, model, text, latencyMs }: NumberEntry): Record<string, unknown> {
  return {
    ...(number.file === null ? {} : { file: number.file }),
    string: text,
    confidence: round(number.confidence, 4),
    [`${model.noun}s`]: number.words.map(({ label, start, end, confidence }) => ({
      [model.noun]: label,
      start: round(start, 2),
      end: round(end, 2),
      confidence: round(confidence, 4),
    })),
    latency_ms: latencyMs === null ? null : round(latencyMs, 1),
  };
}

function round(value: number, places: number): number {
  return Number(value.toFixed(places));
}

function asJson({ word, model, latencyMs }: Entry, other: string): Record<string, unknown> {
  const labels = [...model.labels, other];
  return {
    ...(word.file === null ? {} : { file: word.file }),
    start: round(word.start, 3),
    end: round(word.end, 3),
    latency_ms: latencyMs === null ? null : round(latencyMs, 1),
    [model.noun]: word.label,
    confidence: round(word.confidence, 4),
    probabilities: Object.fromEntries(
      labels.map((label, i) => [label, round(word.probabilities[i], 4)]),
    ),
    ...(word.reason ? { reason: word.reason } : {}),
  };
}
