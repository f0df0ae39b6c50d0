/* The bar of time: slider, buttons, speed, and the keys that do the same. */

const root = (id) => document.getElementById(id);

/* Whether a key pressed there means something there: writing, choosing, pressing. */
function isTaken(target, key) {
  if (target.closest?.("[data-keys]")) return true;
  if (target.matches("textarea, select, [contenteditable]")) return true;
  if (target.matches("input")) return target.type !== "range" || key !== " ";
  return key === " " && Boolean(target.closest("button, a, summary, label"));
}

function mountKeys({ clock, state }) {
  const acts = {
    " ": () => clock.toggle(),
    ArrowLeft: () => clock.step(-1),
    ArrowRight: () => clock.step(1),
    Home: () => { clock.pause(); clock.go(0); },
    End: () => { clock.pause(); clock.go(state.get().steps); },
  };
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    const act = acts[event.key];
    if (!act) return;
    /* The slider's own keys step by one; here they step by a frame, as everywhere. */
    if (event.target.id !== "slider" && isTaken(event.target, event.key)) return;
    event.preventDefault();
    act();
  });
}

function mountSlider({ clock, state }) {
  const slider = root("slider");
  slider.addEventListener("input", () => {
    clock.pause();
    clock.go(slider.valueAsNumber);
  });
  /* Let go between two steps that are shown, it goes to where t is. */
  slider.addEventListener("change", () => { slider.value = state.get().t; });
  const followSteps = ({ steps }) => {
    slider.max = steps;
    root("t-end").textContent = steps;
  };
  followSteps(state.get());
  state.subscribe((current, changed) => changed.has("steps") && followSteps(current));
  let shown = null;
  clock.onDraw(({ t, steps }) => {
    if (shown === `${t}/${steps}`) return;
    shown = `${t}/${steps}`;
    slider.value = t;
    slider.setAttribute("aria-valuetext", `t = ${t} of ${steps}`);
    slider.style.setProperty("--done", steps ? t / steps : 0);
    root("t-value").textContent = t;
  });
}

function mountSpeed({ state }) {
  const speed = root("speed");
  const follow = ({ delay }) => {
    if (![...speed.options].some((option) => Number(option.value) === delay))
      speed.add(new Option(`${delay} ms/frame`, delay));
    speed.value = delay;
  };
  speed.addEventListener("change", () => state.set({ delay: Number(speed.value) }));
  state.subscribe((current, changed) => changed.has("delay") && follow(current));
  follow(state.get());
}

export function mountTransport(page) {
  const { clock } = page;
  const play = root("play");
  play.addEventListener("click", clock.toggle);
  root("back").addEventListener("click", () => clock.step(-1));
  root("forward").addEventListener("click", () => clock.step(1));
  clock.onPlaying((playing) => {
    play.setAttribute("aria-label", playing ? "Pause" : "Play");
    root("time").classList.toggle("playing", playing);
  });
  mountSlider(page);
  mountSpeed(page);
  mountKeys(page);
}
