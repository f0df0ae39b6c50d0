/* alpha_bar, SNR and beta against t, for the schedule that is set. */

const root = (id) => document.getElementById(id);

const digits = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

/* A number for reading; tiny and huge ones with a power of ten. */
export function readable(value) {
  if (value === null || value === undefined) return "–";
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)) {
    const [mantissa, exponent] = value.toExponential(2).split("e");
    return `${mantissa}e${Number(exponent)}`;
  }
  return digits.format(value).replace("-", "\u2212");
}

/* Points of a table's column, from t = 1; with first, from t = 0. */
export function columnPoints(table, name, first) {
  const points = table[name].map((y, i) => ({ x: i + 1, y: y ?? NaN }));
  if (first !== undefined) points.unshift({ x: 0, y: first });
  return points;
}

const positive = (points) => points.map(({ x, y }) => ({ x, y: y > 0 ? y : NaN }));

const CURVES = {
  alpha_bar: { options: { min: 0, max: 1 }, column: "alphas_cumprod", first: 1 },
  snr: { options: { log: true }, column: "snr" },
  beta: { options: { min: 0 }, column: "betas" },
};

/* Says how much is left at the end, if it is much: a schedule for more steps, most likely. */
function sayWhatIsLeft(table) {
  const left = table.sqrt_alphas_cumprod.at(-1);
  root("left-over").textContent = left > 0.1
    ? `After the last step ${Math.round(100 * left)} % of the picture's contrast is still there: too little noise for so few steps.`
    : "";
}

class Curve {
  constructor(name, page) {
    this.name = name;
    this.charts = page.charts;
    this.output = root(`${name}-at`);
    this.canvas = root(`curve-${name}`);
    this.plot = null;
  }

  show(table) {
    const { options, column, first } = CURVES[this.name];
    const points = columnPoints(table, column, first);
    this.points = points;
    const axes = { ...options, steps: table.steps };
    this.plot ??= this.charts.curve(this.canvas, axes);
    this.plot.setAxes({
      x: { min: 0, max: table.steps, title: "t" }, y: options,
    });
    this.plot.set([{ points: options.log ? positive(points) : points, color: "--accent" }]);
  }

  at(t) {
    if (!this.plot) return;
    this.plot.cursor(t);
    const { first } = CURVES[this.name];
    const value = this.points[first === undefined ? t - 1 : t]?.y;
    this.output.textContent = readable(Number.isFinite(value) ? value : null);
  }
}

export function mountCurves(element, page) {
  const { state, service, clock } = page;
  const curves = Object.keys(CURVES).map((name) => new Curve(name, page));
  let controller = null, shown = "", drawn = "", table = null;

  async function load(current) {
    const query = service.scheduleParameters(current).toString();
    if (query === shown) return;
    shown = query;
    controller?.abort();
    controller = new AbortController();
    try {
      table = await service.getSchedule(current, controller.signal);
    } catch (error) {
      if (error.name !== "AbortError") page.showProblem(error);
      return;
    }
    if (query !== shown) return;
    sayWhatIsLeft(table);
    for (const curve of curves) curve.show(table);
    drawn = "";
    clock.invalidate();
  }

  clock.onDraw(({ t, view }) => {
    if (drawn === `${t}` || element.hidden) return;
    drawn = `${t}`;
    for (const curve of curves) curve.at(t);
  });
  const follow = (current) => {
    element.hidden = current.view === "schedules";
    load(current);
  };
  state.subscribe(follow);
  follow(state.get());
}
