import { make } from "./element";

/** A bar for each label, and one for all other sound. */
export class Bars {
  private rows: { row: HTMLElement; bar: HTMLElement; value: HTMLElement }[] = [];

  constructor(private readonly list: HTMLElement) {}

  labels(labels: string[]): void {
    this.list.classList.toggle("many", labels.length > 20);
    this.rows = labels.map((label) => {
      const bar = make("span", { className: "bar" });
      const value = make("span", { className: "value", textContent: "0%" });
      const row = make(
        "li",
        {},
        make("span", { className: "label", textContent: label }),
        make("span", { className: "track" }, bar),
        value,
      );
      return { row, bar, value };
    });
    this.list.replaceChildren(...this.rows.map(({ row }) => row));
  }

  show(probabilities: Float32Array, claimed: number): void {
    for (const [i, { row, bar, value }] of this.rows.entries()) {
      bar.style.transform = `scaleX(${probabilities[i]})`;
      value.textContent = `${(100 * probabilities[i]).toFixed(0)}%`;
      row.classList.toggle("claimed", i === claimed);
    }
  }
}
