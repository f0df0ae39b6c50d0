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

/* What a table's warnings say, as a text; empty if it has none. */
export function warningOf(table) {
  return (table?.warnings ?? []).join(" ");
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

/* Keeps the curves at the schedule that is set: one request at a time, and the newest state next. */
class Follower {
  constructor(curves, page) {
    this.curves = curves;
    this.page = page;
    this.shown = ""; /* the query whose answer is shown, or was an error */
    this.busy = false;
  }

  query() {
    return this.page.service.scheduleParameters(this.page.state.get()).toString();
  }

  async follow() {
    if (this.busy) return;
    this.busy = true;
    while (this.query() !== this.shown) {
      this.shown = this.query();
      try {
        this.show(await this.page.service.getSchedule(this.page.state.get()));
      } catch (error) {
        root("warning").textContent = "";
        this.page.showProblem(error);
      }
    }
    this.busy = false;
  }

  show(table) {
    root("warning").textContent = warningOf(table);
    for (const curve of this.curves) curve.show(table);
    this.at = null;
    this.page.clock.invalidate();
  }

  draw({ t }) {
    if (this.at === t) return;
    this.at = t;
    for (const curve of this.curves) curve.at(t);
  }
}

export function mountCurves(element, page) {
  const { state, clock } = page;
  const follower = new Follower(Object.keys(CURVES).map((name) => new Curve(name, page)), page);
  const follow = (current) => {
    element.hidden = current.view === "schedules";
    root("warning").hidden = element.hidden; /* each schedule has its own there */
    follower.follow();
  };
  clock.onDraw((current) => element.hidden || follower.draw(current));
  state.subscribe((current, changed) => state.onlyTime(changed) || follow(current));
  follow(state.get());
}
