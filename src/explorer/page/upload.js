/* Which picture is dissolved: the built-in one, or the visitor's own: chosen, dropped or pasted. */
import * as state from "./state.js";
import { getSample } from "./service.js";
import { fitting } from "./frames.js";

const LONGEST = 1024; /* pixels of the longer side that are sent */
const SAMPLE_PIXELS = 512 * 512;
const HINT = "PNG or JPEG. Or drop one on the page, or paste it.";
const NOT_IN_LINK = "A link to this page holds everything but your picture.";
const LOST = "The link you followed was made with a picture of its sender's own, which no link holds."
  + " Everything else is as it was; choose that picture to see the same.";

let own = null; /* {blob, pixels, note} */
let before = null; /* what was shown before the newest picture: {own, picture, t} */

const root = (id) => document.getElementById(id);

/* The bytes that are sent to the service: a Blob with its media type. */
export async function pictureBlob() {
  return state.get().picture === "own" && own ? own.blob : getSample();
}

async function scaledDown(bitmap, size) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, size);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, size.width, size.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

const times = ({ width, height }) => `${width} \u00d7 ${height}`;

/* A file as it is sent; one that the browser cannot read is left to the service, which says why. */
async function prepared(file) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  const name = file.name || "Your picture";
  if (!bitmap) return { blob: file, pixels: SAMPLE_PIXELS, note: `${name}.` };
  const size = fitting(bitmap.width, bitmap.height, LONGEST);
  const fits = size.width === bitmap.width && size.height === bitmap.height;
  const blob = fits ? file : await scaledDown(bitmap, size);
  const note = fits ? `${name}, ${times(bitmap)}.`
    : `${name}, scaled down from ${times(bitmap)} to ${times(size)} before it is sent.`;
  bitmap.close();
  return { blob, pixels: size.width * size.height, note };
}

let newest = 0;

/* Shows a file's picture from its start. */
async function choose(file, page) {
  const mine = ++newest;
  const picture = await prepared(file);
  if (mine !== newest) return;
  const { picture: shown, pictureId, t } = state.get();
  before = { own, picture: shown, t };
  own = picture;
  state.set({ view: "image", picture: "own", pixels: own.pixels, pictureId: pictureId + 1, t: 0 });
  say();
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) page.clock.play();
}

/* The service refused the newest picture: back to the one before it. */
export function takeBack() {
  if (!before) return;
  own = before.own;
  const { picture, t } = before;
  state.set({ picture, t, pictureId: state.get().pictureId - 1, pixels: pixelsOf(picture) });
  before = null;
  say();
}

/* The service has shown the newest picture. */
export function keep() {
  before = null;
}

function pixelsOf(picture) {
  return picture === "own" ? own.pixels : SAMPLE_PIXELS;
}

function say(lost = false) {
  const isOwn = state.get().picture === "own";
  root("use-sample").hidden = !isOwn;
  root("source-note").textContent = isOwn ? `${own.note} ${NOT_IN_LINK}` : lost ? LOST : HINT;
  root("source-note").classList.toggle("told", lost);
}

function mountDrop(page) {
  let inside = 0;
  const mark = () => document.body.classList.toggle("dropping", inside > 0);
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => { if (hasFiles(event)) { inside++; mark(); } });
  addEventListener("dragleave", (event) => { if (hasFiles(event)) { inside--; mark(); } });
  addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    inside = 0;
    mark();
    choose(event.dataTransfer.files[0], page);
  });
}

function mountPaste(page) {
  addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    if (!file) return;
    event.preventDefault();
    choose(file, page);
  });
}

/* An address may say that the picture was the sender's own, or change it. */
function follow() {
  if (state.get().picture === "own" && !own) {
    state.set({ picture: "sample", pixels: SAMPLE_PIXELS });
    say(true);
    return;
  }
  state.set({ pixels: pixelsOf(state.get().picture) });
  say();
}

export function mountUpload(page) {
  const file = root("file");
  file.addEventListener("change", () => {
    if (file.files[0]) choose(file.files[0], page);
    file.value = ""; /* so that the same one can be chosen again */
  });
  root("use-sample").addEventListener("click", () => {
    root("file").focus(); /* the button leaves */
    state.set({ picture: "sample" });
  });
  mountDrop(page);
  mountPaste(page);
  state.subscribe((unused, changed) => changed.has("picture") && follow());
  follow();
}
