/* One of the schedules that are shown side by side: its picture, its table, its numbers at t. */
import { Easel, Frames, loadFrames } from "./frames.js";
import { readable, warningOf } from "./curves.js";

const LONGEST = 384; /* pixels of the longer side that are kept of a frame: there are several pictures */

/* The colour of a schedule, wherever it is shown. */
export const COLORS = {
  constant: "--series-1", linear: "--series-2", scaled_linear: "--series-4",
  cosine: "--series-3", sigmoid: "--series-5",
};

const NUMBERS = [
  { name: "alpha_bar", at: (table, t) => (t ? table.alphas_cumprod[t - 1] : 1) },
  { name: "snr", at: (table, t) => (t ? table.snr[t - 1] : null) },
  { name: "beta", at: (table, t) => (t ? table.betas[t - 1] : null) },
];

function element(kind, parent, text = "") {
  const made = document.createElement(kind);
  made.textContent = text;
  parent.append(made);
  return made;
}

export class Compared {
  constructor(schedule, root) {
    this.schedule = schedule;
    this.frames = new Frames();
    this.table = null;
    this.picture = "";
    this.figure = element("figure", root);
    this.figure.style.setProperty("--key", `var(${COLORS[schedule]})`);
    const frame = element("div", this.figure);
    frame.className = "easel";
    const canvas = element("canvas", frame);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `The picture at step t, schedule ${schedule}`);
    this.easel = new Easel(canvas);
    this.caption();
  }

  caption() {
    const caption = element("figcaption", this.figure);
    element("code", caption, this.schedule);
    const list = element("dl", caption);
    this.cells = NUMBERS.map(({ name }) => {
      element("dt", list, name);
      return element("dd", list, "\u2013").firstChild;
    });
    this.warning = element("p", this.figure);
    this.warning.className = "warning";
  }

  /* The frames of this schedule, with the state's other parameters. */
  async load({ state, steps, blob, picture, size, signal, arrived, service }) {
    const own = { ...state, schedule: this.schedule };
    this.frames.begin(steps, picture === this.picture);
    const table = service.getSchedule(own).then((answer) => {
      if (signal.aborted) return;
      this.table = answer;
      this.warning.textContent = warningOf(answer);
    });
    const fresh = () => {
      this.picture = picture;
      arrived();
    };
    await Promise.all([table,
      loadFrames({ state: own, steps, blob, frames: this.frames, signal, size, arrived: fresh })]);
    this.frames.end();
  }

  draw(t) {
    this.easel.show(this.frames.best(t));
    if (!this.table || t > this.table.steps) return;
    NUMBERS.forEach(({ at }, i) => {
      const text = readable(at(this.table, t));
      if (this.cells[i].data !== text) this.cells[i].data = text;
    });
  }

  remove() {
    this.frames.closeAll();
    this.figure.remove();
  }
}

/* The size that frames of a picture are kept in. */
export async function keptSize(blob, fitting) {
  const bitmap = await createImageBitmap(blob);
  const size = fitting(bitmap.width, bitmap.height, LONGEST);
  const same = size.width === bitmap.width && size.height === bitmap.height;
  bitmap.close();
  return same ? null : size;
}
