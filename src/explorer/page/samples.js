/* The samples view: a mixture of Gaussians, or pasted numbers, flow into the standard normal. */
import { mountEditor } from "./editor.js";
import { density } from "./mixture.js";
import { mountNumbers } from "./numbers.js";
import { rangeOf, requestOf } from "./request.js";

const PANEL = `
  <div id="samples-result">
    <p id="samples-busy" role="status" hidden>It is being computed …
      <button type="button" id="samples-cancel">Cancel</button></p>
    <figure class="chart" id="samples-figure">
      <figcaption><span>How <span id="samples-count-shown"></span> samples of <i>x</i><sub>t</sub> are spread</span>
        <span class="legend"><span class="key-bars">samples</span><span class="key-exact" id="samples-key-exact">exact
        density</span><span class="key-normal"><i>N</i>(0,&nbsp;1)</span></span></figcaption>
      <div class="plot tall"><canvas id="samples-histogram" role="img"
        aria-label="Histogram of the samples at step t, with their exact density and the standard normal one"></canvas></div>
    </figure>
    <dl id="samples-measures" class="numbers">
      <div><dt>mean</dt><dd id="samples-mean"></dd></div>
      <div><dt>std</dt><dd id="samples-std"></dd></div>
      <div data-exact><dt>exact mean</dt><dd id="samples-exact-mean"></dd></div>
      <div data-exact><dt>exact std</dt><dd id="samples-exact-std"></dd></div>
      <div data-exact><dt>entropy</dt><dd id="samples-entropy"></dd></div>
      <div data-exact><dt>KL from <i>N</i>(0,&nbsp;1)</dt><dd id="samples-kl"></dd></div>
      <div><dt>out of range</dt><dd id="samples-outside"></dd></div>
    </dl>
    <p class="hint" id="samples-no-law" hidden>Of numbers alone nobody knows the law they came from, so there is no exact
      density here, and no entropy or divergence of it: only what can be counted. A mixture has all of them, for a mixture
      of Gaussians stays one.</p>
    <div id="samples-curves">
      <figure class="chart"><figcaption><span id="samples-first-title"></span>
        <span class="hint" id="samples-first-hint"></span></figcaption>
        <div class="plot"><canvas id="samples-curve-first" role="img"></canvas></div></figure>
      <figure class="chart"><figcaption><span id="samples-second-title"></span>
        <span class="hint" id="samples-second-hint"></span></figcaption>
        <div class="plot"><canvas id="samples-curve-second" role="img"></canvas></div></figure>
    </div>
  </div>
  <form id="samples-source" autocomplete="off" aria-label="What the samples are">
    <fieldset id="samples-kind"><legend>It starts as</legend>
      <label><input type="radio" name="samples-kind" id="samples-kind-mixture" value="mixture"> a mixture</label>
      <label><input type="radio" name="samples-kind" id="samples-kind-numbers" value="numbers"> numbers of your own</label>
    </fieldset>
    <div id="samples-editor">
      <p class="hint">Of each round handle the place is a component's mean and the height its weight; the small one beside
        it sets the std. Drag them, or type.</p>
    </div>
    <div id="samples-numbers"></div>
  </form>`;

/* What the two curves show: entropy and divergence where the law is known, else mean and std. */
const CURVES = {
  exact: [
    {
      title: "Entropy, in nats", hint: "how spread out; dashed: <i>N</i>(0,&nbsp;1)",
      value: (frame) => frame.exact.entropy, aim: 0.5 * Math.log(2 * Math.PI * Math.E),
    },
    {
      title: "Divergence KL from <i>N</i>(0,&nbsp;1), in nats", hint: "how far from noise; 0 is noise itself",
      value: (frame) => frame.exact.kl, aim: 0, min: 0,
    },
  ],
  counted: [
    { title: "Mean of the samples", hint: "tends to 0", value: (frame) => frame.mean, aim: 0 },
    { title: "Std of the samples", hint: "tends to 1", value: (frame) => frame.std, aim: 1, min: 0 },
  ],
};

/* How long after the last change the service is asked: a drag makes many. */
const PATIENCE = 70;

/* After how long it is said that something is being computed; most answers are there before. */
const BUSY = 400;

/* What the answer does not depend on. */
const NO_MATTER = new Set(["t", "delay", "view", "picture", "pictureId", "compare"]);

/* No chart is higher: one narrow component would make all others flat. */
const HIGHEST = 1.5;

/* The law of x_t if x_0 is a mixture. */
function mixtureAt(mixture, alphaBar) {
  const signal = Math.sqrt(alphaBar);
  return mixture.map(({ weight, mean, std }) => ({
    weight, mean: signal * mean, std: Math.sqrt(alphaBar * std * std + 1 - alphaBar),
  }));
}

function readable(value) {
  if (value === null || value === undefined) return "–";
  const text = value !== 0 && Math.abs(value) < 5e-4 ? value.toExponential(1) : value.toFixed(3);
  return text.replaceAll("-", "\u2212");
}

class Samples {
  constructor(root, page) {
    Object.assign(this, { root, page, frames: [], steps: 0, version: 0, drawn: "", timer: 0, controller: null });
    this.isStale = true;
    this.hasFailed = false;
    root.innerHTML = PANEL;
    const { state } = page;
    this.find("source").addEventListener("submit", (event) => event.preventDefault());
    this.editor = mountEditor(this.find("editor"), (mixture) => state.set({ mixture }));
    this.mountCount();
    this.numbers = mountNumbers(this.find("numbers"), (samples) => state.set({ samples }));
    this.find("cancel").addEventListener("click", () => this.cancel());
    this.find("kind").addEventListener("change", (event) => this.choose(event.target.value));
    this.wantsNumbers = Boolean(state.get().samples);
  }

  find(name) {
    return this.root.querySelector(`#samples-${name}`);
  }

  mountCount() {
    const { state } = this.page;
    const label = document.createElement("label");
    label.className = "field";
    label.innerHTML = `<span><code>count</code>: how many samples are drawn</span>
      <input type="number" id="samples-count" min="1" max="1000000" step="1" required>`;
    this.count = label.querySelector("input");
    this.count.addEventListener("input", () => {
      const isSound = this.count.value !== "" && this.count.checkValidity();
      this.count.setAttribute("aria-invalid", String(!isSound));
      if (isSound) state.set({ count: this.count.valueAsNumber });
    });
    this.find("editor").append(label);
  }

  /* Numbers of one's own are shown once there are some; until then the mixture stays. */
  choose(kind) {
    this.wantsNumbers = kind === "numbers";
    this.page.state.set({ samples: this.wantsNumbers ? this.numbers.get() : null });
    this.showSource(this.page.state.get());
    if (this.wantsNumbers) this.numbers.focus();
  }

  showSource(state) {
    this.find("kind-mixture").checked = !this.wantsNumbers;
    this.find("kind-numbers").checked = this.wantsNumbers;
    this.find("editor").hidden = this.wantsNumbers;
    this.find("numbers").hidden = !this.wantsNumbers;
    if (state.samples) this.numbers.show(state.samples);
    this.editor.show(state.mixture);
    if (this.count.value === "" || this.count.checkValidity()) this.count.value = state.count;
  }

  follow(state, changed) {
    if (changed?.has("samples")) this.wantsNumbers = Boolean(state.samples);
    if (!changed || [...changed].some((name) => !NO_MATTER.has(name))) this.isStale = true;
    if (state.view !== "samples") {
      clearTimeout(this.timer);
      return;
    }
    if (!changed || ["mixture", "samples", "count", "view"].some((name) => changed.has(name))) this.showSource(state);
    if (!this.isStale) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), this.frames.length ? PATIENCE : 0);
  }

  async load() {
    this.controller?.abort();
    this.controller = new AbortController();
    const { signal } = this.controller;
    const { service, state } = this.page;
    const asked = state.get();
    const request = requestOf(asked);
    this.isStale = false;
    this.busy(true);
    try {
      const answer = await (await service.postJson(request.path, request.body.value, null, signal)).json();
      if (!signal.aborted) this.take(answer, asked);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.hasFailed = true;
      this.page.showProblem(error, () => this.load());
    } finally {
      if (this.controller.signal === signal) this.busy(false);
    }
  }

  busy(isBusy) {
    clearTimeout(this.busyTimer);
    if (isBusy) this.busyTimer = setTimeout(() => { this.find("busy").hidden = false; }, BUSY);
    else this.find("busy").hidden = true;
  }

  /* The service stops, too; what was shown before stays. */
  cancel() {
    this.isStale = true;
    this.controller?.abort();
    this.page.clock.pause();
  }

  take(answer, asked) {
    if (this.hasFailed) this.page.showProblem(null);
    this.hasFailed = false;
    this.frames = answer.frames;
    this.byStep = new Map(answer.frames.map((frame) => [frame.t, frame]));
    this.steps = answer.steps;
    this.mixture = asked.samples ? null : asked.mixture;
    this.size = asked.samples ? asked.samples.length : asked.count;
    this.range = rangeOf(asked);
    this.version++;
    this.exact = new Map();
    this.setAxes();
    this.drawCurves();
    this.page.clock.invalidate();
  }

  /* The frame of t, or the last one before it. */
  frameAt(t) {
    return this.byStep.get(t) ?? this.frames.findLast((frame) => frame.t <= t) ?? this.frames[0];
  }

  setAxes() {
    const { charts } = this.page;
    const [min, max] = this.range;
    let top = charts.normal(0);
    for (const frame of this.frames) top = Math.max(top, ...frame.density);
    for (const { mean } of this.mixture ?? []) top = Math.max(top, density(this.mixture, mean) || 0);
    top = Math.min(HIGHEST, 1.08 * top);
    this.plot ??= charts.histogram(this.find("histogram"), { min, max, top });
    this.plot.setAxes({ x: { min, max, title: "value" }, y: { min: 0, max: top } });
    this.normal = charts.sampled(charts.normal, min, max, 241);
    this.find("count-shown").textContent = this.size.toLocaleString("en");
    for (const place of this.root.querySelectorAll("[data-exact]")) place.hidden = !this.mixture;
    this.find("key-exact").hidden = !this.mixture;
    this.find("no-law").hidden = Boolean(this.mixture);
  }

  drawCurves() {
    const kinds = CURVES[this.mixture ? "exact" : "counted"];
    this.curves ??= [];
    ["first", "second"].forEach((place, i) => {
      const { title, hint, value, aim, min } = kinds[i];
      const canvas = this.find(`curve-${place}`);
      this.find(`${place}-title`).innerHTML = title;
      this.find(`${place}-hint`).innerHTML = hint;
      canvas.setAttribute("aria-label", `${this.find(`${place}-title`).textContent}, against t`);
      const { charts } = this.page;
      this.curves[i] ??= charts.curve(canvas, { steps: this.steps });
      this.curves[i].setAxes({ x: { min: 0, max: this.steps, title: "t" }, y: { min } });
      this.curves[i].set([
        { points: this.frames.map((frame) => ({ x: frame.t, y: value(frame) ?? NaN })), color: "--accent" },
        { points: [{ x: 0, y: aim }, { x: this.steps, y: aim }], color: "--muted", width: 1.5, dash: [5, 4] },
      ]);
    });
  }

  /* The exact density on a grid finer than the bins, of which the service tells the centres alone. */
  exactPoints(frame) {
    if (!this.exact.has(frame.t)) {
      const law = mixtureAt(this.mixture, frame.alpha_bar);
      const [min, max] = this.range;
      this.exact.set(frame.t, this.page.charts.sampled((x) => density(law, x), min, max, 321));
    }
    return this.exact.get(frame.t);
  }

  draw({ t, view }) {
    if (view !== "samples" || !this.frames.length || this.drawn === `${this.version}/${t}`) return;
    this.drawn = `${this.version}/${t}`;
    const frame = this.frameAt(t);
    const { charts } = this.page;
    this.plot.set([
      ...(frame.exact?.density ? [{ points: this.exactPoints(frame), color: "--series-2" }] : []),
      { points: this.normal, color: "--muted", width: 1.5, dash: [5, 4] },
      { points: charts.stairs(frame.edges, frame.density), color: "--accent", width: 1, fill: 0.3, stepped: true },
    ]);
    for (const curve of this.curves) curve.cursor(frame.t);
    this.measure(frame);
  }

  measure(frame) {
    const write = (name, value) => { this.find(name).textContent = readable(value); };
    write("mean", frame.mean);
    write("std", frame.std);
    this.find("outside").textContent = frame.outside;
    if (!frame.exact) return;
    write("exact-mean", frame.exact.mean);
    write("exact-std", frame.exact.std);
    write("entropy", frame.exact.entropy);
    write("kl", frame.exact.kl);
  }
}

export function mountSamples(root, page) {
  const samples = new Samples(root, page);
  page.state.subscribe((state, changed) => samples.follow(state, changed));
  page.clock.setGate("samples", () => samples.frames.length > 0);
  page.clock.onDraw((state) => samples.draw(state));
  samples.follow(page.state.get());
}
