/* What the page asks of the service, as data, as a curl line and as a Python script: the same three times. */
import { framesText, parameters } from "./service.js";
import { shownSteps } from "./state.js";

const BINS = 50;

/* The forms that can be taken away, the first of each is what is offered first. */
const FORMS = {
  picture: [
    { form: "png", label: "Animated PNG", extension: "png", accept: "image/png" },
    { form: "zip", label: "ZIP of PNGs", extension: "zip", accept: "application/zip" },
    { form: "npy", label: "NumPy array", extension: "npy", accept: "application/x-npy" },
    { form: "json", label: "JSON", extension: "json", accept: "application/json" },
  ],
  samples: [
    { form: "json", label: "JSON", extension: "json", accept: "application/json" },
    { form: "npy", label: "NumPy array", extension: "npy", accept: "application/x-npy" },
    { form: "svg", label: "SVG animation", extension: "svg", accept: "image/svg+xml" },
  ],
};

export function formsOf(view) {
  return view === "samples" ? FORMS.samples : FORMS.picture;
}

/* A range that is the same for every t: it holds the samples at t = 0 and N(0, 1) at the end. */
export function rangeOf(state) {
  let reach = 8;
  if (state.samples) {
    reach = 4;
    for (const value of state.samples) reach = Math.max(reach, Math.abs(value));
  } else {
    for (const { mean, std } of state.mixture) reach = Math.max(reach, Math.abs(mean) + 3 * std);
  }
  reach = Math.ceil(reach);
  return [-reach, reach];
}

/* The run, and which of its frames are shown where there are too many. */
function runOf(state) {
  const query = parameters(state);
  const shown = shownSteps(state);
  if (shown.length <= state.steps) query.set("frames", framesText(shown));
  return query;
}

function mixtureOf(state) {
  return {
    weights: state.mixture.map((component) => component.weight),
    means: state.mixture.map((component) => component.mean),
    stds: state.mixture.map((component) => component.std),
    count: Number(state.count),
  };
}

/* Parameters as members of a JSON body: numbers are numbers there, but for the seed, which may exceed 2^53. */
function membersOf(state) {
  const members = {};
  for (const [name, text] of runOf(state)) {
    if (text === "true" || text === "false") {
      members[name] = text === "true";
    } else {
      members[name] = name !== "seed" && text !== "" && !Number.isNaN(Number(text)) ? Number(text) : text;
    }
  }
  return members;
}

function samplesRequest(state, form) {
  const source = state.samples ? { samples: Array.from(state.samples) } : { mixture: mixtureOf(state) };
  const value = { ...source, ...membersOf(state) };
  if (form === "npy") {
    value.format = "npy";
    return { method: "POST", path: "/v1/samples/frames", query: "", form, body: { kind: "json", value } };
  }
  Object.assign(value, { bins: BINS, range: rangeOf(state) });
  if (form !== "json") value.format = form;
  return { method: "POST", path: "/v1/samples/histograms", query: "", form, body: { kind: "json", value } };
}

/* The request that makes what the state shows, in one of formsOf(state.view), or as the page itself asks for it. */
export function requestOf(state, form) {
  if (state.view === "samples") return samplesRequest(state, form ?? "json");
  const query = runOf(state);
  query.set("format", form ?? "png");
  if (query.get("format") === "png" && state.delay !== 200) query.set("delay", state.delay);
  return {
    method: "POST",
    path: "/v1/images/frames",
    query: query.toString().replaceAll("%2C", ",").replaceAll("%2F", "/"),
    form: query.get("format"),
    body: { kind: "picture", picture: state.picture },
  };
}

/* One request for each thing on the screen: several where schedules stand side by side. */
export function requestsOf(state, form) {
  if (state.view !== "schedules") {
    const request = requestOf(state, form);
    return [{ ...request, name: request.path.endsWith("/histograms") ? "histograms" : "dissolved" }];
  }
  return state.compare.map((schedule) => ({
    ...requestOf({ ...state, schedule }, form),
    name: `dissolved-${schedule}`,
  }));
}

/* A word of a shell command: what is not plain stands in single quotes. */
function shellWord(text) {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function fileOf(request) {
  return `${request.name ?? "dissolved"}.${extensionOf(request)}`;
}

export function extensionOf(request) {
  const forms = [...FORMS.picture, ...FORMS.samples];
  return forms.find(({ form }) => form === request.form)?.extension ?? request.form;
}

function addressOf(request, origin) {
  return origin + request.path + (request.query ? `?${request.query}` : "");
}

/* A command line may hold some 128 KiB a word; printf is built into the shell and has no such bound. */
const LONG_BODY = 100000;

export function asCurl(request, origin) {
  const address = shellWord(addressOf(request, origin));
  const file = shellWord(fileOf(request));
  if (request.body.kind === "json") {
    const body = shellWord(JSON.stringify(request.body.value));
    const head = "curl -sSf -H 'Content-Type: application/json'";
    return body.length > LONG_BODY
      ? `printf %s ${body} | ${head} --data-binary @- ${address} -o ${file}`
      : `${head} -d ${body} ${address} -o ${file}`;
  }
  if (request.body.picture === "own") return `curl -sSf --data-binary @picture.png ${address} -o ${file}`;
  return `curl -sSf ${shellWord(`${origin}/sample.png`)} | curl -sSf --data-binary @- ${address} -o ${file}`;
}

/* A value as Python writes it; JSON and Python differ in three words only. */
function python(value) {
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    return `{${Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${python(inner)}`).join(", ")}}`;
  }
  if (typeof value === "boolean") return value ? "True" : "False";
  return value === null ? "None" : JSON.stringify(value);
}

function lines(object) {
  const members = Object.entries(object).map(([name, value]) => `    ${JSON.stringify(name)}: ${python(value)},\n`);
  return `{\n${members.join("")}}`;
}

/* What the script does with the answer in each form. */
function pythonEnd(request) {
  const file = JSON.stringify(fileOf(request));
  if (request.form === "npy") {
    const shape = request.body.kind === "json" ? "(t, sample)" : "(t, y, x, channel)";
    return `frames = np.load(io.BytesIO(answer.content))  # float32, ${shape}
for t, x in enumerate(frames):
    print(f"t={t:<4} mean={x.mean(dtype=np.float64):+.4f} std={x.std(dtype=np.float64):.4f}")
`;
  }
  if (request.form === "json") {
    return `frames = answer.json()["frames"]
mean = np.array([frame["mean"] for frame in frames])
std = np.array([frame["std"] for frame in frames])
for frame, m, s in zip(frames, mean, std):
    print(f"t={frame['t']:<4} alpha_bar={frame['alpha_bar']:.6f} mean={m:+.4f} std={s:.4f}")
`;
  }
  return `with open(${file}, "wb") as out:
    out.write(answer.content)
print(${file}, len(answer.content), "bytes")
`;
}

function pythonPicture(request) {
  return request.body.picture === "own"
    ? 'with open("picture.png", "rb") as file:\n    picture = file.read()\n'
    : 'picture = requests.get(ORIGIN + "/sample.png", timeout=60).content\n';
}

/* A whole script; numpy is asked for only where an array is made. */
export function asPython(request, origin) {
  const json = request.body.kind === "json";
  const imports = [
    ...(request.form === "npy" ? ["import io", ""] : []),
    ...(["npy", "json"].includes(request.form) ? ["import numpy as np"] : []),
    "import requests",
  ];
  const parametersText = json
    ? `body = ${lines(request.body.value)}\n`
    : `parameters = ${lines(Object.fromEntries(new URLSearchParams(request.query)))}\n`;
  const call = json ? "json=body" : "params=parameters, data=picture";
  return `${imports.join("\n")}

ORIGIN = ${JSON.stringify(origin)}

${json ? "" : pythonPicture(request)}${parametersText}address = ORIGIN + ${JSON.stringify(request.path)}
answer = requests.post(address, ${call}, timeout=600)
if not answer.ok:
    raise SystemExit(answer.json()["detail"])
${pythonEnd(request)}`;
}
