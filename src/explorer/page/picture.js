/* The image view: runs the picture, and shows its frames, their filmstrip and their measures. */
import { Easel, Frames, framesQuery, loadFrames } from "./frames.js";
import { Filmstrip } from "./filmstrip.js";
import { Measures } from "./measures.js";
import { keep, mountUpload, takeBack } from "./upload.js";

const BINS = "64", RANGE = "-4,4";
const PAUSE = 180; /* milliseconds without a change before a run begins */
const REFUSED = new Set([400, 413, 415, 422]); /* by the picture, if no parameter is named */

const root = (id) => document.getElementById(id);

/* Everything that a run depends on, as one word. */
function keyOf(current, steps) {
  return `${current.picture}/${current.picture === "own" ? current.pictureId : ""}?${framesQuery(current, steps)}`;
}

class ImageView {
  constructor(page) {
    this.page = page;
    this.frames = new Frames();
    this.easel = new Easel(root("frame"));
    this.filmstrip = new Filmstrip(root("filmstrip"), this.frames, page);
    this.measures = new Measures(page);
    this.key = ""; /* of the run that is shown, or on its way */
    this.picture = ""; /* whose frames are held */
    this.controller = null; /* of the run on its way */
    this.timer = 0;
    this.next = ""; /* the key of the run that the timer begins */
    root("cancel").addEventListener("click", () => this.cancel());
    root("again").addEventListener("click", () => this.run());
    page.clock.setGate("image", (t) => !this.controller || this.frames.fresh.has(t));
    page.clock.onDraw((current) => this.draw(current));
    page.state.subscribe((current, changed) =>
      page.state.onlyTime(changed) || this.follow(current, changed));
  }

  follow(current, changed) {
    if (changed.has("steps") || changed.has("pixels")) this.filmstrip.rebuild();
    if (current.view !== "image") return;
    const key = keyOf(current, this.page.state.shownSteps());
    if (this.timer && key === this.next) return;
    clearTimeout(this.timer);
    this.timer = 0;
    if (key === this.key) return;
    this.abandon();
    this.next = key;
    this.timer = setTimeout(() => this.run(), PAUSE);
  }

  /* What is on its way is not wanted any more; what is held stays until the new comes. */
  abandon() {
    if (!this.controller) return;
    this.controller.abort();
    this.controller = null;
    this.key = "";
  }

  async run() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.controller?.abort();
    const controller = new AbortController();
    this.controller = controller;
    const current = this.page.state.get();
    const steps = this.page.state.shownSteps();
    this.key = keyOf(current, steps);
    const picture = this.key.split("?")[0];
    this.frames.begin(steps, picture === this.picture);
    this.progress(steps);
    try {
      await this.load(current, steps, controller, picture);
      this.page.showProblem(null);
      this.end(steps, "");
    } catch (error) {
      if (this.controller !== controller) return; /* another run has taken over */
      controller.abort();
      this.fail(error, steps);
    }
  }

  async load(current, steps, controller, picture) {
    const { signal } = controller;
    const { service } = this.page;
    const blob = await this.page.pictureBlob();
    const query = framesQuery(current, steps);
    query.set("format", "json");
    query.set("bins", BINS);
    query.set("range", RANGE);
    const measures = service.postImage("/v1/images/histograms", blob, query, signal)
      .then((response) => response.json())
      .then((answer) => {
        if (signal.aborted) return;
        this.measures.take(answer);
        this.page.clock.invalidate();
      });
    const arrived = () => {
      this.picture = picture;
      keep();
      this.progress(steps);
      this.page.clock.invalidate();
    };
    await Promise.all([
      loadFrames({ state: current, steps, blob, frames: this.frames, signal, arrived }), measures,
    ]);
  }

  progress(steps) {
    const came = this.frames.fresh.size;
    root("progress").max = steps.length;
    root("progress").value = came;
    root("run").dataset.state = "running";
    root("cancel").hidden = false;
    root("again").hidden = true;
    root("progress-text").textContent = `${came} of ${steps.length} frames`;
  }

  end(steps, words) {
    const stride = steps.length > 2 ? steps[1] - steps[0] : 1;
    this.controller = null;
    this.frames.end();
    root("run").dataset.state = words ? "stopped" : "done";
    if (root("cancel") === document.activeElement) root("main").focus({ preventScroll: true });
    root("cancel").hidden = true;
    root("again").hidden = !words;
    root("progress-text").textContent = words
      || `${steps.length} frames${stride > 1 ? `, every ${stride} steps` : ""}`;
    this.page.clock.invalidate();
  }

  cancel() {
    const steps = this.frames.wanted;
    const came = this.frames.fresh.size;
    const { controller } = this;
    this.controller = null;
    controller?.abort();
    this.page.clock.pause();
    this.end(steps, `Cancelled after ${came} of ${steps.length} frames`);
    root("again").focus();
  }

  fail(error, steps) {
    const refused = REFUSED.has(error.status) && !error.parameter && !this.frames.fresh.size;
    this.end(steps, `${this.frames.fresh.size} of ${steps.length} frames`);
    this.page.clock.pause();
    if (refused && this.page.state.get().picture === "own") {
      takeBack();
      this.key = keyOf(this.page.state.get(), this.page.state.shownSteps());
      clearTimeout(this.timer);
      this.end(this.page.state.shownSteps(), "");
    }
    this.page.showProblem(error, refused ? null : () => this.run());
  }

  draw({ t, view }) {
    if (view !== "image") return;
    if (this.easel.show(this.frames.best(t))) root("first").hidden = true;
    this.filmstrip.draw(t);
    this.measures.draw(t);
  }
}

export function mountPicture(element, page) {
  mountUpload(page);
  const view = new ImageView(page);
  if (page.state.get().view === "image") view.run();
}
