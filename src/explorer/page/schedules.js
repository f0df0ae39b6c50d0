/* Schedules side by side: the same picture and noise, at the same t, and their curves. */
import { framesQuery, fitting } from "./frames.js";
import { columnPoints } from "./curves.js";
import { COLORS, Compared, keptSize } from "./compared.js";

const PAUSE = 180; /* milliseconds without a change before a run begins */

const root = (id) => document.getElementById(id);

/* A box for each schedule; two at least stay checked. */
function mountChoice({ state }) {
  const boxes = state.SCHEDULES.map((name) => {
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.value = name;
    box.id = `compare-${name}`;
    const code = document.createElement("code");
    code.textContent = name;
    label.append(box, code);
    label.style.setProperty("--key", `var(${COLORS[name]})`);
    root("compare").append(label);
    return box;
  });
  const follow = ({ compare }) => {
    for (const box of boxes) {
      box.checked = compare.includes(box.value);
      box.disabled = box.checked && compare.length <= 2;
    }
  };
  root("compare").addEventListener("change", () =>
    state.set({ compare: boxes.filter((box) => box.checked).map((box) => box.value) }));
  state.subscribe((current, changed) => changed.has("compare") && follow(current));
  follow(state.get());
}

/* All that the pictures depend on, as one word. */
function keyOf(current, steps) {
  const queries = current.compare.map((schedule) => framesQuery({ ...current, schedule }, steps));
  return `${current.picture}/${current.picture === "own" ? current.pictureId : ""}?${queries.join("&")}`;
}

class SchedulesView {
  constructor(page) {
    this.page = page;
    this.shown = new Map(); /* schedule -> Compared */
    this.controller = null;
    this.timer = 0;
    this.key = "";
    this.plots = null;
    this.cursorAt = null;
    root("compare-cancel").addEventListener("click", () => this.cancel());
    root("compare-again").addEventListener("click", () => this.run());
    page.clock.setGate("schedules", (t) =>
      !this.controller || [...this.shown.values()].every((one) => one.frames.fresh.has(t)));
    page.clock.onDraw((current) => this.draw(current));
    page.state.subscribe((current, changed) => page.state.onlyTime(changed) || this.follow(current));
    this.follow(page.state.get());
  }

  follow(current) {
    if (current.view !== "schedules") {
      this.leave();
      return;
    }
    const key = keyOf(current, this.page.state.shownSteps());
    if (key === this.key) return;
    const first = !this.key;
    this.key = key;
    this.controller?.abort();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.run(), first ? 0 : PAUSE);
  }

  /* Another view has the memory now. */
  leave() {
    if (!this.key) return;
    clearTimeout(this.timer);
    this.controller?.abort();
    this.controller = null;
    this.key = "";
    for (const one of this.shown.values()) one.remove();
    this.shown.clear();
  }

  arrange(compare) {
    for (const [schedule, one] of this.shown)
      if (!compare.includes(schedule)) {
        one.remove();
        this.shown.delete(schedule);
      }
    const ordered = compare.map((schedule) =>
      [schedule, this.shown.get(schedule) ?? new Compared(schedule, root("pictures"))]);
    this.shown = new Map(ordered);
    root("pictures").append(...ordered.map(([, one]) => one.figure));
  }

  async run() {
    const { state } = this.page;
    const controller = new AbortController();
    this.controller?.abort();
    this.controller = controller;
    const current = state.get();
    const steps = state.shownSteps();
    this.arrange(current.compare);
    try {
      await this.load(current, steps, controller.signal);
      if (this.controller !== controller) return;
      this.page.showProblem(null);
      this.end("");
    } catch (error) {
      if (this.controller !== controller) return;
      controller.abort();
      this.page.clock.pause();
      this.end("Not all frames have come");
      this.page.showProblem(error, () => this.run());
    }
  }

  async load(current, steps, signal) {
    const { page } = this;
    this.progress(0, steps.length);
    const blob = await page.pictureBlob();
    const size = await keptSize(blob, fitting);
    signal.throwIfAborted();
    let came = 0;
    const arrived = () => {
      this.progress(++came, steps.length);
      page.clock.invalidate();
    };
    const picture = this.key.split("?")[0];
    const common = { state: current, steps, blob, picture, size, signal, arrived, service: page.service };
    await Promise.all([...this.shown.values()].map((one) => one.load(common)));
    this.curves(current.steps);
  }

  progress(came, each) {
    const total = each * this.shown.size;
    root("compare-progress").max = total;
    root("compare-progress").value = came;
    root("compare-run").dataset.state = "running";
    root("compare-text").textContent = `${came} of ${total} frames`;
    root("compare-cancel").hidden = false;
    root("compare-again").hidden = true;
  }

  end(words) {
    this.controller = null;
    root("compare-run").dataset.state = words ? "stopped" : "done";
    if (root("compare-cancel") === document.activeElement) root("main").focus({ preventScroll: true });
    root("compare-cancel").hidden = true;
    root("compare-again").hidden = !words;
    root("compare-text").textContent = words || "Only the schedule differs: picture, seed, sampler and steps are the same.";
    this.page.clock.invalidate();
  }

  cancel() {
    const { controller } = this;
    this.controller = null;
    controller?.abort();
    this.page.clock.pause();
    this.end("Cancelled");
    root("compare-again").focus();
  }

  curves(steps) {
    const { curve } = this.page.charts;
    const kinds = [
      { id: "compare-alpha_bar", column: "alphas_cumprod", first: 1, y: { min: 0, max: 1 } },
      { id: "compare-snr", column: "snr", y: { log: true } },
    ];
    this.plots ??= kinds.map(({ id, y }) => curve(root(id), { ...y, steps }));
    kinds.forEach(({ column, first, y }, i) => {
      const lines = [...this.shown.values()].map(({ schedule, table }) => ({
        color: COLORS[schedule],
        points: columnPoints(table, column, first).map((one) =>
          ({ x: one.x, y: y.log && !(one.y > 0) ? NaN : one.y })),
      }));
      this.plots[i].setAxes({ x: { min: 0, max: steps, title: "t" }, y });
      this.plots[i].set(lines);
    });
    this.cursorAt = null;
  }

  draw({ t, view }) {
    if (view !== "schedules") return;
    for (const one of this.shown.values()) one.draw(t);
    if (this.cursorAt === t || !this.plots) return;
    this.cursorAt = t;
    for (const plot of this.plots) plot.cursor(t);
  }
}

export function mountSchedules(element, page) {
  mountChoice(page);
  new SchedulesView(page);
}
