/* The parts of a multipart answer, one by one as they arrive. */
import { ServiceError } from "./service.js";

/* Bytes of a stream, taken from its front; chunks are joined only where something lies across them. */
class Front {
  constructor(stream) {
    this.reader = stream.getReader();
    this.bytes = new Uint8Array(0);
  }

  /* At least so many bytes in this.bytes; false if the stream ends before. */
  async fill(size) {
    const chunks = [this.bytes];
    let held = this.bytes.length;
    while (held < size) {
      const { done, value } = await this.reader.read().catch(whyItEnded);
      if (done) break;
      chunks.push(value);
      held += value.length;
    }
    if (chunks.length > 1) this.bytes = joined(chunks, held);
    return held >= size;
  }

  take(size) {
    const taken = this.bytes.subarray(0, size);
    this.bytes = this.bytes.subarray(size);
    return taken;
  }

  /* A line without its CR LF. */
  async line() {
    for (let seen = 0; ;) {
      const end = endOfLine(this.bytes, Math.max(0, seen - 1));
      if (end >= 0) return new TextDecoder().decode(this.take(end + 2).subarray(0, end));
      seen = this.bytes.length;
      if (!(await this.fill(seen + 1))) throw brokenOff();
    }
  }
}

function joined(chunks, size) {
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

function endOfLine(bytes, from) {
  for (let i = bytes.indexOf(13, from); i >= 0; i = bytes.indexOf(13, i + 1))
    if (bytes[i + 1] === 10) return i;
  return -1;
}

function whyItEnded(error) {
  throw error.name === "AbortError" ? error : brokenOff();
}

function brokenOff() {
  return new ServiceError("The answer broke off before its end.");
}

async function headersOf(front) {
  const headers = new Headers();
  for (let line = await front.line(); line !== ""; line = await front.line()) {
    const colon = line.indexOf(":");
    headers.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return headers;
}

/* Gives {step, blob} for each part of the answer, whose parts all tell their length. */
export async function* parts(response) {
  const boundary = /boundary="?([^";]+)/.exec(response.headers.get("Content-Type") ?? "")?.[1];
  if (!boundary) throw new ServiceError("The answer is not in parts.");
  const front = new Front(response.body);
  try {
    for (;;) {
      let line = await front.line();
      while (line === "") line = await front.line();
      if (line === `--${boundary}--`) return;
      if (line !== `--${boundary}`) throw brokenOff();
      const headers = await headersOf(front);
      const size = Number(headers.get("Content-Length"));
      if (!(await front.fill(size))) throw brokenOff();
      const blob = new Blob([front.take(size)], { type: headers.get("Content-Type") });
      yield { step: Number(headers.get("Dissolve-Step")), blob };
    }
  } finally {
    front.reader.cancel().catch(() => {});
  }
}
