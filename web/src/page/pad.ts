import { make } from "./element";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "⌫", "0", "C"];
const NAMES: Record<string, string> = { "⌫": "Delete the last digit", C: "Clear the number" };
const LONGEST = 200; // digits

/** A telephone's keys, which the voice presses too. */
export class Pad {
  private readonly keys = new Map<string, HTMLButtonElement>();
  private digits = "";

  constructor(
    private readonly number: HTMLElement,
    keys: HTMLElement,
  ) {
    for (const key of KEYS) {
      const button = make("button", { type: "button", textContent: key });
      if (NAMES[key]) button.setAttribute("aria-label", NAMES[key]);
      button.addEventListener("click", () => this.press(key));
      this.keys.set(key, button);
      keys.append(button);
    }
  }

  press(key: string): void {
    if (key === "C") this.digits = "";
    else if (key === "⌫") this.digits = this.digits.slice(0, -1);
    else this.digits = (this.digits + key).slice(-LONGEST);
    this.show();
  }

  /** Press a key, and let it be seen. */
  hear(digit: string): void {
    this.press(digit);
    this.flash(digit);
  }

  /** Have a whole number there, and let it be seen which digit is new. */
  write(digits: string): void {
    if (digits.length > this.digits.length) this.flash(digits.slice(-1));
    this.digits = digits.slice(-LONGEST);
    this.show();
  }

  private show(): void {
    this.number.textContent = this.digits;
    this.number.scrollLeft = this.number.scrollWidth;
  }

  private flash(digit: string): void {
    const key = this.keys.get(digit);
    if (!key) return;
    key.classList.add("pressed");
    setTimeout(() => key.classList.remove("pressed"), 400);
  }
}
