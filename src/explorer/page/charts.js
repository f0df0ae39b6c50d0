/* Charts as this page draws them, with Chart.js: still, in the page's colours, dark or light. */

const all = new Set();
const colours = new Map(); /* of CSS variables, until the theme changes */

/* The value of a CSS variable of the page. */
function colour(name) {
  if (!colours.has(name))
    colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return colours.get(name);
}

/* The colour with so much of it seen, 0..1. */
function thin(name, share) {
  return `color-mix(in srgb, ${colour(name)} ${Math.round(100 * share)}%, transparent)`;
}

const shortNumber = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

/* On a logarithmic axis: powers of ten, as many as there is room for. */
function logTick(value, index, ticks) {
  const power = Math.log10(value);
  if (Math.abs(power - Math.round(power)) > 1e-9) return null;
  const powers = Math.log10(ticks.at(-1).value) - Math.log10(ticks[0].value);
  const every = Math.max(1, Math.ceil(powers / 5));
  if (Math.round(power) % every) return null;
  return Math.abs(power) < 3 ? shortNumber.format(value) : `1e${Math.round(power)}`;
}

function axis(kind, { min, max, title, grid }) {
  const font = { size: 11, family: getComputedStyle(document.body).fontFamily };
  return {
    type: kind, min, max,
    title: { display: Boolean(title), text: title ?? "", color: colour("--muted"), font },
    grid: {
      display: grid, drawTicks: false, color: colour("--grid"), borderColor: colour("--line"),
    },
    ticks: {
      color: colour("--muted"), font, padding: 6, maxRotation: 0, maxTicksLimit: 6,
      autoSkipPadding: 12, includeBounds: false,
      callback: kind === "logarithmic" ? logTick : (value) => shortNumber.format(value),
    },
  };
}

function optionsOf({ x = {}, y = {} }, onResize) {
  return {
    animation: false, responsive: true, maintainAspectRatio: false, parsing: false, normalized: true,
    events: [], onResize,
    layout: { padding: { top: 6, right: 8 } },
    elements: { point: { radius: 0 }, line: { tension: 0 } },
    plugins: { legend: { display: false }, tooltip: { enabled: false } },
    scales: {
      x: axis("linear", { ...x, grid: false }),
      y: axis(y.log ? "logarithmic" : "linear", { ...y, grid: true }),
    },
  };
}

/* A line of a chart: {points: [{x, y}], color: a CSS variable, width, dash, fill: 0..1, stepped}. */
function datasetOf({ points, color, width = 2, dash = [], fill = 0, stepped = false }) {
  return {
    data: points, borderColor: colour(color), borderWidth: width, borderDash: dash,
    backgroundColor: fill ? thin(color, fill) : undefined, fill: fill ? "origin" : false,
    stepped: stepped ? "before" : false, spanGaps: false,
  };
}

/* What lies over a canvas and moves without a redraw: a line at x, and a dot on each curve. */
class Cursor {
  constructor(parent) {
    this.parent = parent;
    this.line = this.add("cursor");
    this.dots = [];
  }

  add(kind) {
    const mark = document.createElement("div");
    mark.className = kind;
    mark.hidden = true;
    this.parent.append(mark);
    return mark;
  }

  place(chart, lines, at) {
    const { x, y } = chart.scales;
    const inside = at !== null && x && at >= x.min && at <= x.max;
    this.line.hidden = !inside;
    while (this.dots.length < lines.length) this.dots.push(this.add("dot"));
    const left = inside ? x.getPixelForValue(at) : 0;
    if (inside) {
      this.line.style.transform = `translate(${left}px, ${y.top}px)`;
      if (this.height !== y.height) this.line.style.height = `${(this.height = y.height)}px`;
    }
    this.dots.forEach((dot, i) => this.dot(dot, inside ? lines[i] : null, at, left, y));
  }

  dot(dot, line, at, left, y) {
    const value = line ? valueAt(line.points, at) : null;
    const top = value === null ? NaN : y.getPixelForValue(value);
    dot.hidden = !(top >= y.top - 1 && top <= y.bottom + 1);
    if (!dot.hidden) {
      dot.style.transform = `translate(${left}px, ${top}px)`;
      dot.style.backgroundColor = `var(${line.color})`;
    }
  }
}

/* The value of the last point at or before x, null if there is none. */
function valueAt(points, x) {
  let low = 0, high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].x <= x) low = middle + 1;
    else high = middle;
  }
  const value = low ? points[low - 1].y : null;
  return Number.isFinite(value) ? value : null;
}

/* The path of a line's points, clipped by whoever draws it. */
function pathOf({ points, stepped }, x, y) {
  const path = new Path2D();
  points.forEach((point, i) => {
    const left = x(point.x), top = y(point.y);
    if (i && stepped) path.lineTo(left, y(points[i - 1].y));
    if (i) path.lineTo(left, top);
    else path.moveTo(left, top);
  });
  return path;
}

/* A linear scale as a function: as getPixelForValue, without its questions. */
function linear(scale) {
  const zero = scale.getPixelForValue(0), each = scale.getPixelForValue(1) - zero;
  return (value) => zero + each * value;
}

/* Lines as datasetOf has them, on axes that are linear and do not change. */
function drawLines({ ctx, chartArea, scales }, lines) {
  const x = linear(scales.x), y = linear(scales.y);
  const { left, top, width, height } = chartArea;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  for (const line of [...lines].reverse()) {
    const path = pathOf(line, x, y);
    if (line.fill) {
      const area = new Path2D(path);
      area.lineTo(x(line.points.at(-1).x), y(0));
      area.lineTo(x(line.points[0].x), y(0));
      ctx.fillStyle = thin(line.color, line.fill);
      ctx.fill(area);
    }
    ctx.setLineDash(line.dash ?? []);
    ctx.lineWidth = line.width ?? 2;
    ctx.strokeStyle = colour(line.color);
    ctx.stroke(path);
  }
  ctx.restore();
}

/* A chart on a canvas that fills its parent. axes: {x: {min, max, title}, y: {min, max, log, title}}.
   Where all bounds are given, lines are drawn on axes that stand, many times faster. */
class Plot {
  constructor(canvas, axes) {
    this.lines = [];
    this.at = null;
    this.marks = new Cursor(canvas.parentElement);
    this.later = () => queueMicrotask(() => this.cursor(this.at));
    this.take(axes);
    this.chart = new window.Chart(canvas, {
      type: "line", data: { datasets: [] }, options: optionsOf(axes, this.later),
      plugins: [{
        id: "lines", beforeDatasetsDraw: (chart) => { if (this.stands) drawLines(chart, this.lines); },
      }],
    });
    all.add(this);
  }

  take(axes) {
    const { x, y } = this.axes = axes;
    this.stands = !y.log && [x.min, x.max, y.min, y.max].every(Number.isFinite);
  }

  /* Other axes; takes effect with the next set. */
  setAxes(axes) {
    this.take(axes);
    this.chart.options = optionsOf(axes, this.later);
    this.isNew = true;
  }

  /* Shows these lines (see datasetOf), the first one on top. */
  set(lines) {
    this.lines = lines;
    if (this.stands && !this.isNew) this.chart.draw();
    else this.update();
    this.cursor(this.at);
  }

  update() {
    this.isNew = false;
    this.chart.data.datasets = this.stands ? [] : this.lines.map(datasetOf);
    this.chart.update("none");
  }

  /* The cursor to x, or away with null; cheap. */
  cursor(x) {
    this.at = x;
    this.marks.place(this.chart, x === null ? [] : this.lines, x);
  }

  recolour() {
    this.setAxes(this.axes);
    this.update();
  }

  destroy() {
    all.delete(this);
    this.chart.destroy();
    for (const mark of [this.marks.line, ...this.marks.dots]) mark.remove();
  }
}

/* Densities over values. */
export function histogram(canvas, { min = -4, max = 4, top, title = "value" } = {}) {
  return new Plot(canvas, { x: { min, max, title }, y: { min: 0, max: top } });
}

/* Something against t; with log, on a logarithmic axis. */
export function curve(canvas, { steps, log = false, min, max, title = "t" } = {}) {
  return new Plot(canvas, { x: { min: 0, max: steps, title }, y: { min, max, log } });
}

/* The points of a density that is constant between edges, for a stepped line. */
export function stairs(edges, density) {
  const points = density.map((y, i) => ({ x: edges[i], y }));
  points.unshift({ x: edges[0], y: 0 });
  points.push({ x: edges.at(-1), y: density.at(-1) }, { x: edges.at(-1), y: 0 });
  return points;
}

/* The points of a function. */
export function sampled(fn, min, max, count = 161) {
  return Array.from({ length: count }, (unused, i) => {
    const x = min + ((max - min) * i) / (count - 1);
    return { x, y: fn(x) };
  });
}

/* The density of the standard normal. */
export function normal(x) {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  colours.clear();
  for (const plot of all) plot.recolour();
});
