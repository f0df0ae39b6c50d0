/* The filmstrip: some of the frames, small, to jump to. */

const CELL = 76; /* pixels that a cell and its gap want */
const THUMB = 128;

function cellOf(t) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.t = t;
  button.tabIndex = -1;
  button.setAttribute("aria-label", `Go to t = ${t}`);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const label = document.createElement("span");
  label.textContent = t;
  button.append(canvas, label);
  return { t, button, canvas, bitmap: null };
}

/* Some of a list, evenly, its ends among them. */
function evenly(list, count) {
  if (list.length <= count) return list;
  return Array.from({ length: count }, (unused, i) =>
    list[Math.round((i * (list.length - 1)) / (count - 1))]);
}

export class Filmstrip {
  constructor(root, frames, page) {
    this.root = root;
    this.frames = frames;
    this.state = page.state;
    this.cells = [];
    this.width = 0;
    this.current = null;
    root.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      page.clock.pause();
      page.clock.go(Number(button.dataset.t));
    });
    new ResizeObserver(([entry]) => {
      this.width = entry.contentRect.width;
      this.rebuild();
      page.clock.invalidate();
    }).observe(root);
  }

  /* Other steps, or another width. */
  rebuild() {
    const count = Math.max(3, Math.floor(this.width / CELL));
    const steps = evenly(this.state.shownSteps(), count);
    if (steps.length === this.cells.length && steps.every((t, i) => t === this.cells[i].t)) return;
    const focused = this.root.contains(document.activeElement);
    this.cells = steps.map(cellOf);
    this.current = null;
    this.root.replaceChildren(...this.cells.map((cell) => cell.button));
    if (focused) this.cells[0].button.focus();
  }

  draw(t) {
    for (const cell of this.cells) this.paint(cell);
    const current = this.nearest(t);
    if (current === this.current) return;
    this.current?.button.removeAttribute("aria-current");
    if (this.current) this.current.button.tabIndex = -1;
    current?.button.setAttribute("aria-current", "step");
    if (current) current.button.tabIndex = 0;
    this.current = current;
  }

  nearest(t) {
    return this.cells.reduce((best, cell) =>
      (best && Math.abs(best.t - t) <= Math.abs(cell.t - t) ? best : cell), null);
  }

  paint(cell) {
    const bitmap = this.frames.get(cell.t);
    if (!bitmap || bitmap === cell.bitmap) return;
    const scale = THUMB / Math.min(bitmap.width, bitmap.height);
    const { canvas } = cell;
    canvas.width = canvas.height = THUMB;
    /* The middle square: strips of any picture are alike. */
    const width = bitmap.width * scale, height = bitmap.height * scale;
    const context = canvas.getContext("2d", { alpha: false });
    context.drawImage(bitmap, (THUMB - width) / 2, (THUMB - height) / 2, width, height);
    cell.bitmap = bitmap;
  }
}
