/* The parameters of the process: fields that follow the state, and change it. */

const root = (id) => document.getElementById(id);

/* Well-known processes. */
const PRESETS = {
  "Twenty steps (constant)": { steps: 20, schedule: "constant", beta: 0.25, rescale_zero_snr: false },
  "DDPM (linear, 1000 steps)": {
    steps: 1000, schedule: "linear", beta_start: 0.0001, beta_end: 0.02, scale_betas: false, rescale_zero_snr: false,
  },
  "Improved DDPM (cosine, 1000)": { steps: 1000, schedule: "cosine", max_beta: 0.999, rescale_zero_snr: false },
  "Stable Diffusion (scaled linear)": {
    steps: 1000, schedule: "scaled_linear", beta_start: 0.00085, beta_end: 0.012, scale_betas: false,
    rescale_zero_snr: false,
  },
  "The same, zero SNR at the end": {
    steps: 1000, schedule: "scaled_linear", beta_start: 0.00085, beta_end: 0.012, scale_betas: false,
    rescale_zero_snr: true,
  },
};

const BOXES = ["scale_betas", "rescale_zero_snr"];
const NUMBERS = ["steps", "beta", "beta_start", "beta_end", "max_beta"];

function randomSeed() {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  /* Short enough to be read out to somebody. */
  return String((BigInt(high & 0xffff) << 16n) | BigInt(low >>> 16));
}

function mountPresets({ state }) {
  const select = root("preset");
  select.add(new Option("Own", ""));
  for (const name of Object.keys(PRESETS)) select.add(new Option(name, name));
  select.addEventListener("change", () => {
    const preset = PRESETS[select.value];
    if (preset) state.set({ ...preset, t: atSameShare(state.get(), preset.steps) });
  });
  return (current) => {
    const fits = ([, preset]) => Object.entries(preset).every(([name, value]) => current[name] === value);
    select.value = Object.entries(PRESETS).find(fits)?.[0] ?? "";
  };
}

/* A preset with other steps is shown as far along as before. */
function atSameShare({ t, steps }, newSteps) {
  return Math.round((t / steps) * newSteps);
}

function mountNumbers({ state }) {
  for (const name of NUMBERS) {
    const field = root(name);
    field.addEventListener("input", () => {
      const value = field.valueAsNumber;
      const whole = name !== "steps" || Number.isInteger(value);
      if (Number.isFinite(value) && whole && field.validity.valid) state.set({ [name]: value });
      field.setAttribute("aria-invalid", String(!field.validity.valid));
    });
    field.addEventListener("change", () => {
      /* What is no number goes back to the one that holds. */
      if (field.validity.valid && field.value !== "") return;
      field.value = state.get()[name];
      field.removeAttribute("aria-invalid");
    });
  }
  const slider = root("beta-slider");
  slider.addEventListener("input", () => state.set({ beta: slider.valueAsNumber }));
}

function mountWords({ state }) {
  for (const name of ["schedule", "sampler"])
    root(name).addEventListener("change", () => state.set({ [name]: root(name).value }));
  for (const name of BOXES)
    root(name).addEventListener("change", () => state.set({ [name]: root(name).checked }));
  const seed = root("seed");
  seed.addEventListener("input", () => {
    const good = /^\d{1,20}$/.test(seed.value) && BigInt(seed.value) < 2n ** 64n;
    seed.setAttribute("aria-invalid", String(!good));
    if (good) state.set({ seed: String(BigInt(seed.value)) });
  });
  seed.addEventListener("change", () => {
    seed.value = state.get().seed;
    seed.removeAttribute("aria-invalid");
  });
  root("dice").addEventListener("click", () => state.set({ seed: randomSeed() }));
}

/* Writes the state into the fields, but for the one that is being written in. */
function follow(current) {
  for (const name of [...NUMBERS, "seed", "schedule", "sampler"]) {
    const field = root(name);
    const same = name === "seed" || NUMBERS.includes(name)
      ? Number(field.value) === Number(current[name]) && field.value !== ""
      : field.value === current[name];
    if (!same && !(field === document.activeElement && field.matches(":invalid"))) field.value = current[name];
  }
  root("beta-slider").value = current.beta;
  for (const name of BOXES) root(name).checked = current[name];
  const shown = current.view === "schedules" ? current.compare : [current.schedule];
  for (const field of document.querySelectorAll("#controls [data-for]"))
    field.hidden = !field.dataset.for.split(" ").some((one) => shown.includes(one));
  root("schedule-field").hidden = current.view === "schedules";
  root("source").hidden = current.view === "samples";
  root("in-short").textContent = `${current.steps} steps, ${shown.join(", ")}`;
}

/* Open where there is room beside the picture, folded where there is none. */
function mountFold() {
  const wide = matchMedia("(min-width: 720px)");
  const fold = () => { root("controls-box").open = wide.matches; };
  wide.addEventListener("change", fold);
  fold();
}

export function mountControls(page) {
  const { state } = page;
  root("controls").addEventListener("submit", (event) => event.preventDefault());
  const followPreset = mountPresets(page);
  mountNumbers(page);
  mountWords(page);
  mountFold();
  const all = (current) => {
    follow(current);
    followPreset(current);
  };
  all(state.get());
  state.subscribe((current, changed) => state.onlyTime(changed) || all(current));
}
