/* The one state of the page: what is shown, and its writing in the address. */

/* Of what the page itself knows: these are the API's parameters, and a few words of the page's own. */
const DEFAULTS = Object.freeze({
  view: "image", /* image, samples, schedules */
  steps: 20,
  schedule: "constant",
  beta: 0.25,
  beta_start: 0.005, /* so that linear, too, dissolves a picture in 20 steps */
  beta_end: 0.5,
  scale_betas: false,
  max_beta: 0.999,
  rescale_zero_snr: false,
  sampler: "chain",
  seed: "42", /* decimal digits: numbers here end at 2^53 */
  t: 0, /* the step shown, 0..steps */
  delay: 200, /* of a frame that plays, in milliseconds */
  picture: "sample", /* or own */
  mixture: Object.freeze([
    Object.freeze({ weight: 0.5, mean: 0, std: 1 }),
    Object.freeze({ weight: 0.3, mean: 5, std: 0.5 }),
    Object.freeze({ weight: 0.2, mean: -3, std: 1.5 }),
  ]),
  count: 10000,
  samples: null, /* numbers that were pasted; they win over the mixture */
  compare: Object.freeze(["constant", "linear", "cosine"]),
  /* Not in the address: */
  pixels: 512 * 512, /* of the picture shown */
  pictureId: 0, /* counts the pictures that were chosen */
  untold: false, /* t moves by itself since the page was opened: the address leaves it out, and does the same */
});

/* Samples begin with the steps that the service has for them; what was not touched changes with the view. */
const OF_SAMPLES = Object.freeze({ ...DEFAULTS, view: "samples", steps: 40, beta: 0.5 });

function defaultsOf(view) {
  return view === "samples" ? OF_SAMPLES : DEFAULTS;
}

/* What changes by itself when another view is chosen. */
function untouched(state, view) {
  const before = defaultsOf(state.view), after = defaultsOf(view);
  return Object.fromEntries(["steps", "beta"].filter((name) => state[name] === before[name])
    .map((name) => [name, after[name]]));
}

export const SCHEDULES = ["constant", "linear", "scaled_linear", "cosine", "sigmoid"];

/* An address is passed on; more numbers than these are not put into it. */
export const SAMPLES_IN_LINK = 500;

const MAX_SEED = 2n ** 64n - 1n;
const MOST_FRAMES = 101;
const FRAME_MEMORY = 256 * 1024 * 1024;

const oneOf = (words) => (text) => (words.includes(text) ? text : undefined);

const number = (low, high, whole = false) => (text) => {
  const value = Number(text);
  if (text.trim() === "" || !(value >= low && value <= high)) return undefined;
  return whole && !Number.isInteger(value) ? undefined : value;
};

function seedOf(text) {
  return /^\d{1,20}$/.test(text) && BigInt(text) <= MAX_SEED ? String(BigInt(text)) : undefined;
}

function listOf(separator, read) {
  return (text) => {
    const items = text.split(separator).map(read);
    return items.length && !items.includes(undefined) ? items : undefined;
  };
}

const finite = number(-Number.MAX_VALUE, Number.MAX_VALUE);

function componentOf(text) {
  const [weight, mean, std, ...rest] = text.split(",").map(finite);
  if (rest.length || !(weight >= 0) || mean === undefined || !(std >= 0)) return undefined;
  return { weight, mean, std };
}

const plain = (value) => String(value);
const unit = number(0, 1);
const truth = (text) => ({ true: true, false: false })[text];

/* How a member stands in the address: [read it, undefined if it makes no sense; write it]. */
const IN_ADDRESS = {
  view: [oneOf(["image", "samples", "schedules"]), plain],
  steps: [number(1, 10000, true), plain],
  schedule: [oneOf(SCHEDULES), plain],
  beta: [unit, plain],
  beta_start: [unit, plain],
  beta_end: [unit, plain],
  scale_betas: [truth, plain],
  max_beta: [unit, plain],
  rescale_zero_snr: [truth, plain],
  sampler: [oneOf(["chain", "jump", "tree"]), plain],
  seed: [seedOf, plain],
  t: [number(0, 10000, true), plain],
  delay: [number(10, 60000, true), plain],
  picture: [oneOf(["sample", "own"]), plain],
  mixture: [
    listOf(";", componentOf),
    (list) => list.map((one) => [one.weight, one.mean, one.std].join(",")).join(";"),
  ],
  count: [number(1, 1e6, true), plain],
  samples: [listOf(",", finite), (list) => (list.length > SAMPLES_IN_LINK ? undefined : list.join(","))],
  compare: [listOf(",", oneOf(SCHEDULES)), (list) => list.join(",")],
};

/* What an address says: the members that it has and that make sense. */
function fromHash(hash) {
  const said = {};
  for (const [name, text] of new URLSearchParams(hash.replace(/^#/, "")))
    if (Object.hasOwn(IN_ADDRESS, name)) {
      const value = IN_ADDRESS[name][0](text);
      if (value !== undefined) said[name] = value;
    }
  return said;
}

/* The address of a state, without its #: only what is not as at the start. */
function toHash(state) {
  const words = new URLSearchParams();
  const defaults = defaultsOf(state.view);
  for (const [name, [, write]] of Object.entries(IN_ADDRESS)) {
    if (state[name] === null || state[name] === undefined || (name === "t" && state.untold)) continue;
    const text = write(state[name]);
    if (text === undefined) continue;
    const usual = name === "view" ? DEFAULTS.view : defaults[name];
    if (usual === null || text !== write(usual)) words.set(name, text);
  }
  return words.toString().replaceAll("%2C", ",").replaceAll("%3B", ";");
}

let current = { ...DEFAULTS };
let wanted = DEFAULTS.t; /* as it was last asked for */
const listeners = new Set();

function nearest(shown, t) {
  return shown.reduce((best, one) => (Math.abs(one - t) < Math.abs(best - t) ? one : best));
}

/* The state as it is; nobody changes what he gets here. */
export function get() {
  return current;
}

/* Takes over what differs, and tells everybody once: fn(state, the names that changed). t becomes
   the shown step that is nearest to the one last asked for: while a number of steps is being typed,
   it comes back. */
export function set(patch) {
  const next = { ...current, ...(patch.view ? untouched(current, patch.view) : {}), ...patch };
  if ("t" in patch) {
    wanted = patch.t;
    next.untold = patch.untold ?? false;
  }
  next.t = nearest(shownSteps(next), wanted);
  const changed = new Set(Object.keys(next).filter((name) => next[name] !== current[name]));
  if (!changed.size) return;
  current = next;
  writeSoon();
  for (const listener of [...listeners]) listener(current, changed);
}

/* Whether nothing but time has changed: that is drawn by the clock. */
export function onlyTime(changed) {
  return changed.size - changed.has("t") - changed.has("untold") === 0;
}

/* Calls fn(state, names) after every change; gives what ends that. */
export function subscribe(fn) {
  listeners.add(fn);
  return () => listeners.delete(fn);
}

/* The steps whose frames are shown, ascending, 0 and the last among them: all, or as many as the
   memory for decoded frames holds, evenly spaced. */
export function shownSteps({ steps, pixels } = current) {
  const most = Math.max(2, Math.min(MOST_FRAMES, Math.floor(FRAME_MEMORY / (4 * pixels))));
  const stride = Math.max(1, Math.ceil(steps / (most - 1)));
  const shown = [];
  for (let t = 0; t < steps; t += stride) shown.push(t);
  shown.push(steps);
  return shown;
}

const WRITING = 500; /* milliseconds between changes of the address: browsers allow few */
let timer = 0;

function writeSoon() {
  timer ||= setTimeout(writeHash, WRITING);
}

/* Brings the address up to date at once. */
export function writeHash() {
  clearTimeout(timer);
  timer = 0;
  const hash = toHash(current);
  if (hash !== location.hash.replace(/^#/, ""))
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
}

/* Begins with what the address says, and follows it when it is changed by hand; gives what it said. */
export function start() {
  const said = fromHash(location.hash);
  set(said);
  addEventListener("hashchange", () => {
    const { pixels, pictureId } = current;
    const said = fromHash(location.hash);
    set({ ...defaultsOf(said.view), pixels, pictureId, ...said });
  });
  return said;
}
