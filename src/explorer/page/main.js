/* Starts the page, and binds together what all of its views share. */
import * as state from "./state.js";
import * as service from "./service.js";
import * as clock from "./clock.js";
import * as charts from "./charts.js";
import { mountControls } from "./controls.js";
import { mountTransport } from "./transport.js";
import { mountCurves } from "./curves.js";
import { mountPicture } from "./picture.js";
import { mountSchedules } from "./schedules.js";
import { mountSamples } from "./samples.js";
import { mountExplain } from "./explain.js";
import { mountTakeaway } from "./takeaway.js";
import { showProblem } from "./problem.js";
import { pictureBlob } from "./upload.js";

const page = { state, service, clock, charts, showProblem, pictureBlob };
const root = (id) => document.getElementById(id);

function showView({ view }) {
  for (const id of ["image", "samples", "schedules"]) root(id).hidden = id !== view;
  for (const button of root("views").children)
    if (button.dataset.view === view) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  document.body.dataset.view = view;
}

function mountViews() {
  root("views").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) state.set({ view: button.dataset.view });
  });
  root("skip").addEventListener("click", (event) => {
    event.preventDefault(); /* the part after # is the state's */
    root("main").focus();
  });
  state.subscribe((current, changed) => changed.has("view") && showView(current));
  showView(state.get());
}

/* A page that is opened dissolves by itself, unless the address names a step or nothing may move. */
function begin(said) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (said.t === undefined && !still) clock.open();
}

const said = state.start();
window.explorer = { state, clock };
mountViews();
mountControls(page);
mountTransport(page);
mountCurves(root("curves"), page);
mountPicture(root("image"), page);
mountSchedules(root("schedules"), page);
mountSamples(root("samples"), page);
mountExplain(root("explain"), page);
mountTakeaway(root("takeaway"), page);
begin(said);
