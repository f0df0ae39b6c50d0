/* Time on the page: plays t, and draws everything that shows it, once a display frame. */
import * as state from "./state.js";

const drawings = new Set();
const gates = new Map();
let asked = 0; /* the animation frame that is asked for, or 0 */
let running = false;
let due = 0; /* when the next frame is due */

/* Calls fn(state) in the next display frame, and in every one in which something has changed. */
export function onDraw(fn) {
  drawings.add(fn);
  invalidate();
}

/* A view that has to wait for its frames says with gate(t) which it has. */
export function setGate(view, gate) {
  gates.set(view, gate);
}

/* Something is to be drawn anew. */
export function invalidate() {
  asked ||= requestAnimationFrame(frame);
}

function isPlaying() {
  return running;
}

const listeners = new Set();

/* Calls fn(whether it plays) after every change of that. */
export function onPlaying(fn) {
  listeners.add(fn);
}

function setRunning(value) {
  if (running === value) return;
  running = value;
  due = 0;
  for (const listener of listeners) listener(running);
  invalidate();
}

/* Plays once, as a page does that is opened and not touched. */
export function open() {
  state.set({ untold: true });
  setRunning(true);
}

/* From the start, if it stands at the end. */
export function play() {
  state.set({ untold: false });
  const { t, steps } = state.get();
  if (t >= steps) go(0);
  setRunning(true);
}

export function pause() {
  state.set({ untold: false });
  setRunning(false);
}

export function toggle() {
  (running ? pause : play)();
}

/* To a step, or to the nearest one that is shown. */
export function go(t) {
  state.set({ t });
}

/* The shown step that many frames from this one. */
function neighbour(by) {
  const { t } = state.get();
  const shown = state.shownSteps();
  return shown[Math.max(0, Math.min(shown.indexOf(t) + by, shown.length - 1))];
}

/* So many frames on or, below 0, back; stops playing. */
export function step(by) {
  pause();
  go(neighbour(by));
}

function advance(now) {
  const { t, steps, delay, view } = state.get();
  due ||= now + delay;
  if (now < due) return;
  if (t >= steps) {
    setRunning(false);
    return;
  }
  const next = neighbour(1);
  if (gates.get(view)?.(next) === false) return;
  /* A late display frame does not slow the play down; a long pause is not caught up. */
  due = Math.max(due + delay, now);
  state.set({ t: next, untold: state.get().untold });
}

function frame(now) {
  asked = 0;
  if (running) advance(now);
  const current = state.get();
  for (const draw of drawings) draw(current);
  if (running) invalidate();
}

state.subscribe(invalidate);
