/* Frames of a run, decoded once, so that showing one is a single copy. */
import { framesText, parameters, postImage } from "./service.js";
import { parts } from "./multipart.js";

/* The frames of the newest run and, until those have come, of the one before it. */
export class Frames {
  constructor() {
    this.held = new Map(); /* t -> ImageBitmap */
    this.fresh = new Set(); /* the t of the newest run that have come */
    this.wanted = [0];
    this.kept = true;
  }

  /* A new run for these steps; without keep, the old frames leave as soon as a new one is there. */
  begin(steps, keep) {
    this.fresh.clear();
    this.wanted = steps;
    this.kept = keep;
  }

  put(t, bitmap) {
    if (!this.fresh.size && !this.kept) this.closeAll();
    this.held.get(t)?.close();
    this.held.set(t, bitmap);
    this.fresh.add(t);
  }

  /* The run is over, whole or not: what it did not replace is of no use any more. */
  end() {
    if (!this.fresh.size) return;
    for (const t of [...this.held.keys()])
      if (!this.fresh.has(t)) this.drop(t);
  }

  drop(t) {
    this.held.get(t).close();
    this.held.delete(t);
  }

  closeAll() {
    for (const t of [...this.held.keys()]) this.drop(t);
    this.fresh.clear();
  }

  get(t) {
    return this.held.get(t) ?? null;
  }

  /* The frame to show at t: its own, or the last before it that there is. */
  best(t) {
    const own = this.held.get(t);
    if (own) return own;
    const before = this.wanted.findLast((one) => one <= t && this.fresh.has(one));
    return this.held.get(before) ?? this.held.values().next().value ?? null;
  }
}

/* The size of a picture that fits into most x most pixels; never larger than it is. */
export function fitting(width, height, most) {
  const scale = Math.min(1, most / Math.max(width, height));
  return {
    width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)),
  };
}

async function decoded(blob, size) {
  if (!size) return createImageBitmap(blob);
  return createImageBitmap(blob, {
    resizeWidth: size.width, resizeHeight: size.height, resizeQuality: "medium",
  });
}

/* The query of a run whose frames the page shows. */
export function framesQuery(state, steps) {
  const query = parameters(state);
  query.set("frames", framesText(steps));
  query.set("format", "multipart");
  return query;
}

/* Runs a picture, and puts its frames into a store as they come; arrived() after each. size is
   {width, height} that they are scaled to, or null. */
export async function loadFrames({ state, steps, blob, frames, signal, size = null, arrived }) {
  const response = await postImage("/v1/images/frames", blob, framesQuery(state, steps), signal);
  for await (const part of parts(response)) {
    const bitmap = await decoded(part.blob, size);
    if (signal.aborted) {
      bitmap.close();
      signal.throwIfAborted();
    }
    frames.put(part.step, bitmap);
    arrived();
  }
}

/* Draws frames on a canvas, each at its own size. */
export class Easel {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = null; /* until there is something to draw: an opaque canvas begins black */
    this.drawn = null;
  }

  /* Gives whether there was something to draw. */
  show(bitmap) {
    if (!bitmap || bitmap === this.drawn) return false;
    const { canvas } = this;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      canvas.parentElement.style.setProperty("--aspect", bitmap.width / bitmap.height);
      canvas.classList.toggle("pixelated", Math.max(bitmap.width, bitmap.height) <= 256);
    }
    this.context ??= canvas.getContext("2d", { alpha: false });
    this.context.drawImage(bitmap, 0, 0);
    this.drawn = bitmap;
    return true;
  }
}
