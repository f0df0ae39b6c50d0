/* Where a visitor's own numbers are written or pasted. */
import { MOST_NUMBERS, parseNumbers, standardised } from "./mixture.js";

const PANEL = `
  <label class="field" for="numbers-text"><span>Numbers, with commas, spaces or new lines between them; at most
    ${MOST_NUMBERS.toLocaleString("en")}</span></label>
  <textarea id="numbers-text" rows="8" spellcheck="false" placeholder="-1, 0.5, 1, 2, 2.5"
    aria-describedby="numbers-status"></textarea>
  <p id="numbers-status" role="status"></p>
  <p class="row">
    <button type="button" id="numbers-standardise">Standardise</button>
    <button type="button" id="numbers-example">An example</button>
  </p>
  <p class="hint">The noise has variance 1. Numbers of a much larger size stay above it for many steps; standardising
    subtracts their mean and divides by their std.</p>`;

/* Two clusters of whole values, drawn without chance. */
const EXAMPLE = Array.from({ length: 400 }, (unused, i) => (i % 4 ? 2 : -3) + 0.25 * ((i * 7) % 5) - 0.5);

/* How long after the last key the numbers are read. */
const PATIENCE = 250;

class Numbers {
  constructor(root, onChange) {
    root.innerHTML = PANEL;
    this.root = root;
    this.onChange = onChange;
    this.shown = null;
    this.text = this.find("text");
    this.text.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.read(), PATIENCE);
    });
    this.find("standardise").addEventListener("click", () => this.put(this.get() && standardised(this.get())));
    this.find("example").addEventListener("click", () => this.put(EXAMPLE));
  }

  find(name) {
    return this.root.querySelector(`#numbers-${name}`);
  }

  focus() {
    this.text.focus();
  }

  /* Numbers from elsewhere: an address, say. What is being typed stays as it is. */
  show(numbers) {
    if (numbers === this.shown) return;
    this.shown = numbers;
    this.text.value = numbers.join(", ");
    this.say({ numbers });
  }

  put(numbers) {
    if (!numbers) return;
    this.show(numbers);
    this.onChange(numbers);
  }

  /* What is written, or null if it is not numbers. */
  get() {
    const found = parseNumbers(this.text.value);
    this.say(found);
    this.shown = found.numbers ?? null;
    return this.shown;
  }

  read() {
    const numbers = this.get();
    if (numbers) this.onChange(numbers);
  }

  say({ numbers, error }) {
    const isFirst = this.text.value.trim() === "";
    const status = this.find("status");
    status.textContent = error ?? `${numbers.length.toLocaleString("en")} ${numbers.length === 1 ? "number" : "numbers"}.`;
    status.classList.toggle("error", Boolean(error) && !isFirst);
    this.text.setAttribute("aria-invalid", String(Boolean(error) && !isFirst));
  }
}

/* show(numbers) writes them, get() reads them; onChange(numbers) is called with every sound change by hand. */
export function mountNumbers(root, onChange) {
  return new Numbers(root, onChange);
}
