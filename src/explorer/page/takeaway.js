/* Take it away: downloads, and the request that made what is on the screen as curl, as Python and as a link. */
import { asCurl, asPython, extensionOf, formsOf, requestsOf } from "./request.js";

export { asCurl, asPython, requestOf, requestsOf } from "./request.js";

const PANEL = `
  <h2>Take it away</h2>
  <p class="hint">What you see can be made again: the same request, with its seed, gives the same bytes on any machine.</p>
  <fieldset id="takeaway-forms"><legend>Form</legend></fieldset>
  <p class="row">
    <button type="button" id="takeaway-download" class="primary">Download</button>
    <button type="button" id="takeaway-cancel" hidden>Cancel</button>
    <button type="button" id="takeaway-curl">Copy as curl</button>
    <button type="button" id="takeaway-python">Copy as Python</button>
    <button type="button" id="takeaway-link">Copy link</button>
  </p>
  <p><span id="takeaway-status" role="status"></span> <span id="takeaway-amount" aria-hidden="true"></span></p>
  <p id="takeaway-files"></p>
  <p class="hint" id="takeaway-own" hidden></p>
  <details id="takeaway-show">
    <summary>Show the request</summary>
    <h3 id="takeaway-curl-title">curl</h3>
    <pre id="takeaway-curl-text" tabindex="0" data-keys role="region" aria-labelledby="takeaway-curl-title"></pre>
    <h3 id="takeaway-python-title">Python</h3>
    <pre id="takeaway-python-text" tabindex="0" data-keys role="region" aria-labelledby="takeaway-python-title"></pre>
  </details>`;

function sizeOf(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/* A link that saves a blob when it is followed. */
function fileLink(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.textContent = `${name} (${sizeOf(blob.size)})`;
  return link;
}

/* The older way to copy, which works where the clipboard is closed: pages that are not secure. */
function copySelected(element) {
  const selection = getSelection();
  selection.removeAllRanges();
  const range = document.createRange();
  range.selectNodeContents(element);
  selection.addRange(range);
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  }
}

class Takeaway {
  constructor(root, page) {
    this.root = root;
    this.page = page;
    this.form = null;
    this.view = null;
    this.working = null;
    root.innerHTML = PANEL;
    root.classList.add("takeaway");
    this.element("download").addEventListener("click", () => this.download());
    this.element("cancel").addEventListener("click", () => {
      this.working?.abort();
      this.say("Cancelled.");
      this.element("download").focus();
    });
    this.element("curl").addEventListener("click", () => this.copyText("curl"));
    this.element("python").addEventListener("click", () => this.copyText("python"));
    this.element("link").addEventListener("click", () => this.copyLink());
    this.element("show").addEventListener("toggle", () => this.writeTexts());
  }

  element(name) {
    return this.root.querySelector(`#takeaway-${name}`);
  }

  say(text, isError = false) {
    const status = this.element("status");
    status.textContent = text;
    status.classList.toggle("error", isError);
  }

  /* What the state says has changed: other forms in another view, and what was made is no longer what is seen. */
  update(state) {
    const kind = state.view === "samples" ? "samples" : "picture";
    if (kind !== this.view) {
      this.view = kind;
      this.offerForms(state);
    }
    if (this.working) {
      this.working.abort();
      this.working = null;
      this.end();
    }
    this.clearFiles();
    this.say("");
    this.tellOwn(state);
    this.writeTexts();
  }

  offerForms(state) {
    const forms = formsOf(state.view);
    this.form = forms[0].form;
    const choices = forms.map(({ form, label }) => {
      const choice = document.createElement("label");
      const input = document.createElement("input");
      Object.assign(input, {
        type: "radio", name: "takeaway-form", value: form, id: `takeaway-form-${form}`, checked: form === this.form,
      });
      input.addEventListener("change", () => {
        this.form = form;
        this.say("");
        this.clearFiles();
        this.writeTexts();
      });
      choice.append(input, ` ${label}`);
      return choice;
    });
    const fieldset = this.element("forms");
    fieldset.replaceChildren(fieldset.firstElementChild, ...choices);
  }

  tellOwn(state) {
    const place = this.element("own");
    place.hidden = state.view === "samples" || state.picture !== "own";
    place.replaceChildren();
    if (place.hidden) return;
    const save = document.createElement("button");
    Object.assign(save, {
      type: "button", id: "takeaway-save", className: "linklike", textContent: "save it as picture.png",
    });
    save.addEventListener("click", () => this.savePicture());
    place.append("Both texts read your picture from a file, in the size in which it was sent: ", save, " first.");
  }

  async savePicture() {
    const link = fileLink(await this.page.pictureBlob(), "picture.png");
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  clearFiles() {
    for (const link of this.element("files").children) URL.revokeObjectURL(link.href);
    this.element("files").replaceChildren();
  }

  text(kind) {
    const write = kind === "curl" ? asCurl : asPython;
    const requests = requestsOf(this.page.state.get(), this.form);
    return requests.map((request) => write(request, location.origin)).join("\n");
  }

  /* Only where they are seen: a hundred thousand numbers make long texts. */
  writeTexts() {
    if (!this.element("show").open) return;
    for (const kind of ["curl", "python"]) {
      this.element(`${kind}-text`).textContent = this.text(kind);
    }
  }

  async copyText(kind) {
    const name = kind === "curl" ? "The curl line" : "The Python script";
    const text = this.text(kind);
    if (await this.copied(text)) {
      this.say(`${name} is on your clipboard.`);
      return;
    }
    this.element("show").open = true;
    this.writeTexts();
    this.select(this.element(`${kind}-text`), name);
  }

  async copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  }

  select(element, name) {
    if (copySelected(element)) this.say(`${name} is on your clipboard.`);
    else this.say(`${name} is selected below: copy it with Ctrl+C or the menu. The browser does not let this page do so.`);
    element.focus();
  }

  async copyLink() {
    const { state } = this.page;
    state.writeHash();
    const current = state.get();
    const left = [];
    if (current.view !== "samples" && current.picture === "own") {
      left.push(" Your picture is not in it: whoever opens it sees the same run of the built-in one.");
    } else if (current.view === "samples" && current.samples?.length > state.SAMPLES_IN_LINK) {
      left.push(` Your ${current.samples.length} numbers are too many for it: whoever opens it sees the mixture.`);
    }
    if (await this.copied(location.href)) {
      this.say(`The link is on your clipboard.${left.join("")}`);
      return;
    }
    const shown = document.createElement("code");
    shown.textContent = location.href;
    this.element("files").replaceChildren(shown);
    const done = copySelected(shown);
    const where = done ? "on your clipboard" : "selected below, and in the address above";
    this.say(`The link is ${where}.${left.join("")}`);
  }

  async answerTo(request, signal) {
    const { service } = this.page;
    if (request.body.kind === "json") return service.postJson(request.path, request.body.value, null, signal);
    const blob = await this.page.pictureBlob();
    return service.postImage(request.path, blob, new URLSearchParams(request.query), signal);
  }

  /* An answer's body, with the bytes that have come told on the way. */
  async blobOf(response) {
    const amount = this.element("amount");
    const chunks = [];
    let size = 0;
    for (const reader = response.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      size += value.length;
      amount.textContent = sizeOf(size);
    }
    return new Blob(chunks, { type: response.headers.get("Content-Type") });
  }

  async download() {
    this.working?.abort();
    const working = new AbortController();
    this.working = working;
    this.clearFiles();
    this.say("It is being made …");
    this.element("cancel").hidden = false;
    try {
      await this.save(this.page.state.get(), working.signal);
      this.say("Saved; should nothing have happened, follow the link.");
    } catch (error) {
      if (!working.signal.aborted) this.fail(error);
    } finally {
      if (this.working === working) this.end();
    }
  }

  end() {
    const cancel = this.element("cancel");
    if (cancel === document.activeElement) this.element("download").focus();
    cancel.hidden = true;
    this.element("amount").textContent = "";
  }

  async save(state, signal) {
    for (const request of requestsOf(state, this.form)) {
      const blob = await this.blobOf(await this.answerTo(request, signal));
      signal.throwIfAborted();
      const link = fileLink(blob, `${request.name}-${state.seed}.${extensionOf(request)}`);
      this.element("files").append(link);
      link.click();
    }
  }

  fail(error) {
    const id = error.requestId ? ` (request ${error.requestId})` : "";
    const message = error.name === "ServiceError" ? error.message : "The answer broke off before its end.";
    this.say(`${message}${id}`, true);
  }
}

/* What changes nothing about the request. */
const OF_SIGHT = new Set(["t"]);

/* Offers in root to take away what is seen; page.pictureBlob() gives the picture as it is sent. */
export function mountTakeaway(root, page) {
  const takeaway = new Takeaway(root, page);
  takeaway.update(page.state.get());
  page.state.subscribe((state, changed) => {
    if ([...changed].some((name) => !OF_SIGHT.has(name))) takeaway.update(state);
  });
}
