/* Of the picture at t: the histogram of each channel, and its measures as a table. */
import { readable } from "./curves.js";

const CHANNELS = [
  { key: "r", color: "--red", name: "red" },
  { key: "g", color: "--green", name: "green" },
  { key: "b", color: "--blue", name: "blue" },
];

const ROWS = [
  { name: "mean", words: "tends to 0", of: (one) => one.mean.toFixed(3) },
  { name: "std", words: "standard deviation, tends to 1", of: (one) => one.std.toFixed(3) },
  { name: "entropy", words: "of the state, nats", of: (one) => one.entropy?.toFixed(3) ?? "–" },
  { name: "entropy_bits", words: "of the picture as shown, bits", of: (one) => one.entropy_bits.toFixed(3) },
  { name: "clipped", words: "values beyond white or black", of: (one) => `${(100 * one.clipped).toFixed(1)} %` },
];

const HIGHEST = 1.2; /* of the axis: a spike may stand out */

function cell(kind, text, attributes = {}) {
  const made = document.createElement(kind);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/* A channel's name, with its colour and its letter. */
function heading({ color, name }) {
  const head = cell("th", name, { scope: "col" });
  head.style.setProperty("--key", `var(${color})`);
  return head;
}

/* An empty row; gives its cells. */
function row(body, { name, words }, span = 1) {
  const line = body.insertRow();
  const head = cell("th", "", { scope: "row" });
  head.append(cell("code", name), " ", cell("small", words));
  line.append(head);
  const cells = span === 3 ? [cell("td", "–", { colspan: 3 })]
    : CHANNELS.map(() => cell("td", "–"));
  line.append(...cells);
  return cells.map((one) => one.appendChild(document.createTextNode("")) && one.firstChild);
}

export class Measures {
  constructor(page) {
    this.page = page;
    this.charts = page.charts;
    this.nextAt = 0; /* when the chart may be drawn again */
    this.frames = new Map(); /* t -> a frame of the answer */
    this.lines = new Map(); /* t -> what the chart shows */
    const table = document.getElementById("measures");
    table.tHead.rows[0].append(...CHANNELS.map(heading));
    this.snr = row(table.tBodies[0], { name: "snr", words: "signal to noise, of powers" }, 3)[0];
    this.cells = ROWS.map((one) => row(table.tBodies[0], one));
    this.plot = null;
    this.shown = null;
    this.normal = {
      points: page.charts.sampled(page.charts.normal, -4, 4), color: "--ink", width: 1.5, dash: [5, 4],
    };
    this.legend();
  }

  legend() {
    const entries = [...CHANNELS, { color: "--ink", name: "N(0, 1)" }];
    document.getElementById("histogram-legend").replaceChildren(...entries.map(({ color, name }) => {
      const entry = cell("span", name);
      entry.style.setProperty("--key", `var(${color})`);
      return entry;
    }));
  }

  /* The answer of /v1/images/histograms. */
  take({ frames }) {
    this.frames = new Map(frames.map((frame) => [frame.t, frame]));
    this.lines.clear();
    this.shown = null;
    const peak = Math.max(...frames.flatMap((frame) =>
      frame.channels.map((one) => Math.max(...one.density))));
    this.setTop(Math.min(HIGHEST, Math.max(0.5, Math.ceil(peak * 10.5) / 10)));
  }

  setTop(top) {
    const axes = { x: { min: -4, max: 4 }, y: { min: 0, max: top } };
    if (this.plot && this.top !== top) this.plot.setAxes(axes);
    this.plot ??= this.charts.histogram(document.getElementById("histogram"), { top, title: "" });
    this.top = top;
  }

  linesOf(frame) {
    if (!this.lines.has(frame.t))
      this.lines.set(frame.t, [this.normal, ...CHANNELS.map(({ color }, i) => {
        const { edges, density } = frame.channels[i];
        return { points: this.charts.stairs(edges, density), color, width: 1.5, fill: 0.14, stepped: true };
      })]);
    return this.lines.get(frame.t);
  }

  /* A slow machine shows every frame of the picture, and not every one of the chart: it takes a third
     of the time at most. */
  isTooSoon() {
    const now = performance.now();
    if (now >= this.nextAt) return false;
    this.page.clock.invalidate();
    return true;
  }

  draw(t) {
    const frame = this.frames.get(t);
    if (!frame || frame === this.shown || this.isTooSoon()) return;
    this.shown = frame;
    const start = performance.now();
    this.plot.set(this.linesOf(frame));
    this.nextAt = start + 3 * (performance.now() - start);
    this.snr.data = frame.snr === null ? "– (no noise yet)" : readable(frame.snr);
    ROWS.forEach(({ of }, i) => frame.channels.forEach((one, k) => {
      const text = of(one).replace("-0.000", "0.000").replace("-", "\u2212");
      if (this.cells[i][k].data !== text) this.cells[i][k].data = text;
    }));
  }
}
