/* Explains: what happens at the step that is shown, in numbers and words, and a word on each control beside it. */
import { readable } from "./curves.js";
import { ALPHA_BAR, COSINE, SNR, SO_FAR, STEP, inline } from "./formulas.js";

/* A live number: what it is called, the API's name or a formula, and where it is written. */
const number = (id, name) => `<div><dt>${name}</dt><dd id="explain-${id}">–</dd></div>`;

/* Two terms as the shares they have of the variance: their coefficients' squares add up to 1. */
const bar = (id, kept, added) => `
  <div class="terms" id="explain-${id}" role="img">
    <span class="kept"><b>${kept}</b></span><span class="added"><b>${added}</b></span>
  </div>`;

const PANEL = `
  <h2>What happens at this step<span id="explain-of"></span></h2>
  <div class="explain-columns">
    <section aria-labelledby="explain-step-title">
      <h3 id="explain-step-title">One step</h3>
      <p>A step makes what is there a little fainter and mixes in a little fresh noise, for each value by itself, be it
        a pixel's red or a sample. <code>beta</code> says how little.</p>
      ${STEP}
      <dl class="numbers">
        ${number("beta", "<code>beta</code>")}
        ${number("keep", inline("square root of (1 − beta t)", "keep"))}
        ${number("add", inline("square root of beta t", "add"))}
      </dl>
      ${bar("step-bar", "kept", "new noise")}
      <p class="hint" id="explain-step-words" aria-live="off"></p>
    </section>
    <section aria-labelledby="explain-far-title">
      <h3 id="explain-far-title">All steps so far</h3>
      <p>Many small steps come to the same as one big one. <code>alpha_bar</code> is what is left of the start's
        variance; the rest has become noise.</p>
      ${SO_FAR}
      <dl class="numbers">
        ${number("alpha_bar", "<code>alpha_bar</code>")}
        ${number("keep-all", inline("square root of alpha bar t", "keepAll"))}
        ${number("add-all", inline("square root of (1 − alpha bar t)", "addAll"))}
      </dl>
      ${bar("far-bar", "signal", "noise")}
      <p class="hint" id="explain-far-words" aria-live="off"></p>
    </section>
    <section aria-labelledby="explain-snr-title">
      <h3 id="explain-snr-title">How much can still be seen</h3>
      <p>The signal-to-noise ratio compares the two. Above 1 the start outweighs the noise; far below it nobody can
        tell what it was.</p>
      ${SNR}
      <dl class="numbers">
        ${number("snr", "<code>snr</code>")}
        ${number("crossing", "falls to 1 at")}
        ${number("gone", "as good as noise at")}
      </dl>
      <details>
        <summary>Why the square roots?</summary>
        <p>Variances add, and they go with the square of a factor. With these two factors the squares add up to 1: what
          has variance 1 keeps it, and the values neither fade nor blow up. They only lose what they were about.</p>
        <p>From step to step the factors multiply:</p>
        ${ALPHA_BAR}
      </details>
      <details>
        <summary>When is it as good as noise?</summary>
        <p>Here: from the first step on at which values of variance 1 are, on average, within 0.01 nats of pure noise
          (the Kullback-Leibler divergence, which is 0 for two laws that are the same).</p>
      </details>
    </section>
  </div>`;

/* For a fieldset of the form, by the id of a control in it: what is asked, and the answer. */
const AT_CONTROLS = [
  ["steps", "explain-schedule", "What do steps, beta and a schedule do?", `
    <p><code>beta</code> is the share of the variance that a step replaces by noise. At 0 nothing changes; at 1
      nothing of the picture survives a single step.</p>
    <p>More <code>steps</code> with the same <code>beta</code> dissolve more. What counts in the end is
      <code>alpha_bar</code>, the product over all steps.</p>
    <p>A <code>schedule</code> lets <code>beta</code> change on the way: small steps while there is much to lose, larger
      ones later.</p>
    <dl>
      <dt><code>constant</code></dt><dd>The same <code>beta</code> at each step.</dd>
      <dt><code>linear</code></dt><dd>In equal strides from <code>beta_start</code> to <code>beta_end</code>.</dd>
      <dt><code>scaled_linear</code></dt><dd>The square roots go in equal strides: it stays low for longer.</dd>
      <dt><code>cosine</code></dt><dd>Made so that <code>alpha_bar</code> falls evenly in the middle and gently at both
        ends; <code>max_beta</code> bounds the last steps. ${COSINE}</dd>
      <dt><code>sigmoid</code></dt><dd>An S from <code>beta_start</code> to <code>beta_end</code>: slow, quick, slow.</dd>
    </dl>
    <p><code>scale_betas</code> multiplies <code>beta_start</code> and <code>beta_end</code> by 1000/<code>steps</code>:
    the ends that belong to 1000 steps then reach noise in fewer, too.</p>
    <p><code>rescale_zero_snr</code> stretches any of them so that at the last step really nothing is left.</p>`],
  ["seed", "explain-chance", "What do sampler and seed do?", `
    <p>The <code>seed</code> chooses the noise. One seed always gives the same noise, so a run can be made again,
      anywhere, to the last bit; with another seed the picture goes the same way through other noise.</p>
    <p>The <code>sampler</code> says how the frames are drawn. All three follow the same law:</p>
    <dl>
      <dt><code>chain</code></dt><dd>Step by step, as the formula says.</dd>
      <dt><code>jump</code></dt><dd>From one frame that is asked for straight to the next, in one draw.</dd>
      <dt><code>tree</code></dt><dd>The last frame first, then those between, halving the way; a frame is the same
        whichever others are asked for.</dd>
    </dl>`],
];

function percent(share) {
  if (share > 0 && share < 0.001) return "less than 0.1\u00a0%";
  if (share < 1 && share > 0.999) return "more than 99.9\u00a0%";
  return `${(100 * share).toFixed(1)}\u00a0%`.replace(".0\u00a0%", "\u00a0%");
}

/* Where schedules stand side by side, the first of them is explained. */
function explained(state) {
  return state.view === "schedules" && state.compare.length ? { ...state, schedule: state.compare[0] } : state;
}

class Explanation {
  constructor(root, page) {
    this.page = page;
    this.root = root;
    this.table = null;
    this.asked = "";
    root.innerHTML = PANEL;
    root.classList.add("explain");
  }

  write(id, text) {
    const place = this.root.querySelector(`#explain-${id}`);
    if (place.textContent !== text) place.textContent = text;
  }

  fill(id, kept, words) {
    const place = this.root.querySelector(`#explain-${id}`);
    const [first, second] = place.children;
    first.style.flexGrow = kept;
    second.style.flexGrow = 1 - kept;
    first.classList.toggle("narrow", kept < 0.15);
    second.classList.toggle("narrow", kept > 0.75);
    place.setAttribute("aria-label", words);
  }

  /* The schedule's table, if it is another than before; what is too late is thrown away. */
  async load(current) {
    const state = explained(current);
    this.write("of", current.view === "schedules" ? `, with the schedule ${state.schedule}` : "");
    const query = this.page.service.scheduleParameters(state).toString();
    if (query === this.asked) return;
    this.asked = query;
    try {
      const table = await this.page.service.getSchedule(state);
      if (query !== this.asked) return;
      this.table = table;
      this.page.clock.invalidate();
    } catch (error) {
      /* The view that asks for frames with the same parameters tells what is wrong with them. */
      if (query === this.asked) this.asked = "";
    }
  }

  draw({ t }) {
    const { table } = this;
    if (!table || t > table.betas.length || (this.drawnTable === table && this.drawnT === t)) return;
    this.drawnTable = table;
    this.drawnT = t;
    const at = t > 0 ? t - 1 : undefined;
    this.drawStep(at === undefined ? null : table.betas[at]);
    this.drawSoFar(at === undefined ? 1 : table.alphas_cumprod[at]);
    this.write("snr", at === undefined ? "∞" : table.snr[at] === null ? "∞" : readable(table.snr[at]));
    const { snr_1: one, "kl_0.01": gone } = table.crossings;
    this.write("crossing", one === null ? "no step" : `t = ${one}`);
    this.write("gone", gone === null ? "no step" : `t = ${gone}`);
  }

  drawStep(beta) {
    const none = beta === null;
    this.write("beta", readable(beta));
    this.write("keep", none ? "–" : readable(Math.sqrt(1 - beta)));
    this.write("add", none ? "–" : readable(Math.sqrt(beta)));
    const words = none
      ? "No step has been made yet: this is the start itself."
      : `Of a variance of 1, this step keeps ${percent(1 - beta)} and replaces ${percent(beta)} by new noise.`;
    this.fill("step-bar", none ? 1 : 1 - beta, words);
    this.write("step-words", words);
  }

  drawSoFar(alphaBar) {
    this.write("alpha_bar", readable(alphaBar));
    this.write("keep-all", readable(Math.sqrt(alphaBar)));
    this.write("add-all", readable(Math.sqrt(1 - alphaBar)));
    const words = `Of a variance of 1, ${percent(alphaBar)} still comes from the start and ${percent(1 - alphaBar)} is noise.`;
    this.fill("far-bar", alphaBar, words);
    this.write("far-words", words);
  }
}

/* A word beside the controls, behind a summary, at the end of the fieldset that has the control. */
function mountAtControls() {
  for (const [control, id, question, answer] of AT_CONTROLS) {
    const fieldset = document.getElementById(control)?.closest("fieldset");
    if (!fieldset || document.getElementById(id)) continue;
    const details = document.createElement("details");
    details.id = id;
    details.className = "explain-control";
    details.innerHTML = `<summary>${question}</summary>${answer}`;
    fieldset.append(details);
  }
}

/* Explains in root what happens at t, and at the controls what they do. */
export function mountExplain(root, page) {
  const explanation = new Explanation(root, page);
  mountAtControls();
  explanation.load(page.state.get());
  page.state.subscribe((state) => explanation.load(state));
  page.clock.onDraw((state) => explanation.draw(state));
}
