/* The density editor: a mixture's curve with handles to drag, and a row of number fields for each component. */
import { h, svg } from "./elements.js";
import { BOUNDS, MOST_COMPONENTS, density, part, round, totalWeight, withOneMore, withShare } from "./mixture.js";

const HEIGHT = 230;
const MARGIN = { left: 14, right: 14, top: 16, bottom: 26 };
const POINTS = 240;
/* The handle of std stands at least so many pixels beside that of the mean. */
const APART = 26;

function clamp(value, { min, max }) {
  return Math.min(max, Math.max(min, value));
}

/* Values to pixels and back, for a figure so wide and a mixture. */
function scaleOf(width, mixture) {
  let reach = 8;
  for (const { mean, std } of mixture) reach = Math.max(reach, Math.ceil(Math.abs(mean) + 3 * std));
  let top = 0.1;
  for (const { mean } of mixture) top = Math.max(top, density(mixture, mean));
  top = Math.min(top, 6) * 1.2;
  const inner = width - MARGIN.left - MARGIN.right;
  const tall = HEIGHT - MARGIN.top - MARGIN.bottom;
  return {
    reach,
    x: (value) => MARGIN.left + ((value + reach) / (2 * reach)) * inner,
    y: (value) => MARGIN.top + (1 - Math.min(1, value / top)) * tall,
    perPixel: (2 * reach) / inner,
    valueOfY: (y) => (1 - (y - MARGIN.top) / tall) * top,
  };
}

/* Points close enough on a grid, and closer about each mean. */
function abscissae(scale, mixture) {
  const xs = [];
  for (let i = 0; i <= POINTS; ++i) xs.push(-scale.reach + (2 * scale.reach * i) / POINTS);
  for (const { mean, std } of mixture) for (let z = -3; z <= 3; z += 0.25) xs.push(mean + z * std);
  return xs.filter((x) => Math.abs(x) <= scale.reach).sort((a, b) => a - b);
}

function path(xs, scale, f) {
  return xs.map((x, i) => `${i ? "L" : "M"}${scale.x(x).toFixed(1)} ${scale.y(f(x)).toFixed(1)}`).join("");
}

function axis(scale) {
  const stride = Math.max(1, Math.ceil(scale.reach / 4));
  const ticks = [];
  for (let value = -Math.floor(scale.reach / stride) * stride; value <= scale.reach; value += stride) {
    ticks.push(
      svg("line", { class: "tick", x1: scale.x(value), x2: scale.x(value), y1: scale.y(0), y2: scale.y(0) + 4 }),
      svg("text", { x: scale.x(value), y: HEIGHT - 6, "text-anchor": "middle" }, String(value).replace("-", "−")),
    );
  }
  const ends = { x1: scale.x(-scale.reach), x2: scale.x(scale.reach), y1: scale.y(0), y2: scale.y(0) };
  return [svg("line", { class: "axis", ...ends }), ...ticks];
}

/* Where the two handles of component k stand; that of std on the other side where there is no room. */
function places(scale, mixture, k) {
  const { mean, std } = mixture[k];
  const x = scale.x(mean);
  const away = Math.max(APART, std / scale.perPixel);
  const side = x + away > scale.x(scale.reach) ? -1 : 1;
  return {
    side,
    mean: { x, y: scale.y(part(mixture, k, mean)) },
    std: { x: x + side * away, y: scale.y(part(mixture, k, mean + side * std)) },
  };
}

function handles(scale, mixture, k) {
  const at = places(scale, mixture, k);
  return [
    svg("line", { class: "arm", x1: at.mean.x, y1: at.mean.y, x2: at.std.x, y2: at.std.y }),
    svg("g", { class: "handle handle-std", "data-component": k, "data-handle": "std" },
      svg("circle", { class: "reach", cx: at.std.x, cy: at.std.y, r: 14 }),
      svg("rect", { class: "grip", x: at.std.x - 4, y: at.std.y - 8, width: 8, height: 16, rx: 3 }),
      svg("title", {}, `Component ${k + 1}: drag sideways for its std`)),
    svg("g", { class: "handle handle-mean", "data-component": k, "data-handle": "mean" },
      svg("circle", { class: "reach", cx: at.mean.x, cy: at.mean.y, r: 16 }),
      svg("circle", { class: "grip", cx: at.mean.x, cy: at.mean.y, r: 10 }),
      svg("text", { x: at.mean.x, y: at.mean.y + 4, "text-anchor": "middle" }, String(k + 1)),
      svg("title", {}, `Component ${k + 1}: drag sideways for its mean, up and down for its weight`)),
  ];
}

/* The mixture after a handle was dragged from where it was taken to a place. */
function dragged(drag, x, y) {
  const { scale, mixture, k } = drag;
  const component = mixture[k];
  const moved = (x - drag.x) * scale.perPixel;
  const change = (name, value) => mixture.map((other, i) => (i === k ? { ...other, [name]: value } : other));
  if (drag.handle === "std") {
    return change("std", round(clamp(component.std + places(scale, mixture, k).side * moved, BOUNDS.std), 2));
  }
  const limit = { min: -scale.reach, max: scale.reach };
  const next = change("mean", round(clamp(clamp(component.mean + moved, BOUNDS.mean), limit), 1));
  const peak = part(mixture, k, component.mean) + scale.valueOfY(y) - scale.valueOfY(drag.y);
  const share = peak * component.std * Math.sqrt(2 * Math.PI);
  return Math.abs(y - drag.y) < 3 ? next : withShare(next, k, share);
}

class Editor {
  constructor(root, onChange) {
    this.onChange = onChange;
    this.mixture = [];
    this.drag = null;
    this.figure = svg("svg", { class: "editor-figure", id: "editor-figure", "aria-hidden": "true", height: HEIGHT });
    this.rows = h("div", { class: "editor-rows", id: "editor-rows" });
    this.add = h("button", { type: "button", id: "editor-add" }, "Add a component");
    root.append(this.figure, this.rows, this.add);
    this.listen();
  }

  listen() {
    this.add.addEventListener("click", () => {
      this.change(withOneMore(this.mixture));
      this.rows.lastElementChild.querySelector("input").focus();
    });
    this.figure.addEventListener("pointerdown", (event) => this.take(event));
    this.figure.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) this.figure.addEventListener(name, () => this.drop());
    new ResizeObserver(() => this.draw()).observe(this.figure);
  }

  show(mixture) {
    if (this.drag) return;
    this.mixture = mixture;
    this.draw();
    this.fillRows();
  }

  change(mixture) {
    this.mixture = mixture;
    this.draw();
    this.fillRows();
    this.onChange(mixture);
  }

  draw() {
    const width = this.figure.clientWidth;
    if (!width || this.mixture.length === 0) return;
    const scale = this.drag ? this.drag.scale : scaleOf(width, this.mixture);
    this.scale = scale;
    const xs = abscissae(scale, this.mixture);
    const whole = path(xs, scale, (x) => density(this.mixture, x));
    const ends = `L${scale.x(scale.reach)} ${scale.y(0)}L${scale.x(-scale.reach)} ${scale.y(0)}Z`;
    const components = this.mixture.length > 1 ? this.mixture : [];
    this.figure.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.figure.replaceChildren(
      svg("path", { class: "area", d: whole + ends }),
      ...components.map((unused, k) => svg("path", { class: "part", d: path(xs, scale, (x) => part(this.mixture, k, x)) })),
      svg("path", { class: "whole", d: whole }),
      ...axis(scale),
      ...this.mixture.flatMap((unused, k) => handles(scale, this.mixture, k)),
    );
  }

  take(event) {
    const handle = event.target.closest("[data-handle]");
    if (!handle) return;
    event.preventDefault();
    this.figure.setPointerCapture(event.pointerId);
    this.drag = {
      scale: this.scale,
      mixture: this.mixture,
      k: Number(handle.dataset.component),
      handle: handle.dataset.handle,
      x: event.clientX,
      y: event.clientY,
    };
    this.figure.classList.add("dragging");
  }

  move(event) {
    if (this.drag) this.change(dragged(this.drag, event.clientX, event.clientY));
  }

  drop() {
    this.drag = null;
    this.figure.classList.remove("dragging");
    this.draw();
  }

  /* Rows are made anew only when their number changes, so that nobody loses the field that is being typed in. */
  fillRows() {
    if (this.rows.childElementCount !== this.mixture.length) {
      this.rows.replaceChildren(...this.mixture.map((unused, k) => this.row(k)));
    }
    const total = totalWeight(this.mixture);
    this.mixture.forEach((component, k) => {
      const row = this.rows.children[k];
      for (const input of row.querySelectorAll("input")) {
        const typing = input === document.activeElement && input.getAttribute("aria-invalid") === "true";
        if (!typing && (input.value === "" || Number(input.value) !== component[input.name])) {
          input.value = component[input.name];
          input.setAttribute("aria-invalid", "false");
        }
      }
      row.querySelector("output").textContent = `${((100 * component.weight) / total).toFixed(0)} %`;
      row.querySelector("button").disabled = this.mixture.length < 2;
    });
    this.add.disabled = this.mixture.length >= MOST_COMPONENTS;
  }

  row(k) {
    const field = (name) => {
      const input = h("input", {
        type: "number", name, id: `component-${k + 1}-${name}`, required: true, ...BOUNDS[name], step: "any",
      });
      input.addEventListener("input", () => this.typed(k, input));
      input.addEventListener("keydown", (event) => this.nudge(event, k, input));
      return h("label", {}, h("span", {}, name), input);
    };
    const remove = h("button", { type: "button", class: "remove", "aria-label": `Remove component ${k + 1}` }, "×");
    remove.addEventListener("click", () => {
      this.change(this.mixture.filter((unused, i) => i !== k));
      this.add.focus();
    });
    const legend = h("legend", {}, h("span", { class: "unseen" }, "Component "), String(k + 1));
    return h("fieldset", { class: "editor-row" }, legend,
      field("mean"), field("std"), field("weight"), h("output", { title: "Its share of the whole" }), remove);
  }

  /* Arrow keys go in steps that suit the value, though any number may be typed. */
  nudge(event, k, input) {
    const sign = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (sign) {
      event.preventDefault();
      const bounds = BOUNDS[input.name];
      const step = bounds.step * (event.shiftKey ? 10 : 1);
      input.value = round(clamp(Number(input.value) + sign * step, bounds), 3);
      this.typed(k, input);
    }
  }

  typed(k, input) {
    const value = input.value === "" ? NaN : Number(input.value);
    const next = this.mixture.map((other, i) => (i === k ? { ...other, [input.name]: value } : other));
    const { min, max } = BOUNDS[input.name];
    const sound = value >= min && value <= max && totalWeight(next) > 0;
    input.setAttribute("aria-invalid", String(!sound));
    input.title = sound ? "" : `${input.name} is a number from ${min} to ${max}, and one weight at least is above 0.`;
    if (sound) this.change(next);
  }
}

/* show(mixture) draws it; onChange(mixture) is called with every change by hand. */
export function mountEditor(root, onChange) {
  return new Editor(root, onChange);
}
