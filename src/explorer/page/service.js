/* The service, as the page asks it: the only file that calls fetch. */

/* What went wrong, as a sentence, with what finds it in the service's log. */
export class ServiceError extends Error {
  constructor(message, { status = 0, requestId = "", parameter = "" } = {}) {
    super(message);
    this.name = "ServiceError";
    this.status = status;
    this.requestId = requestId;
    this.parameter = parameter;
  }
}

const ENDS = ["beta_start", "beta_end"]; /* what scale_betas scales */
const OF_SCHEDULE = {
  constant: ["beta"], linear: ENDS, scaled_linear: ENDS, cosine: ["max_beta"], sigmoid: ENDS,
};

/* The parameters of a schedule alone, for /v1/schedule. */
export function scheduleParameters(state) {
  const query = new URLSearchParams({ steps: state.steps, schedule: state.schedule });
  for (const name of OF_SCHEDULE[state.schedule]) query.set(name, state[name]);
  if (state.scale_betas && OF_SCHEDULE[state.schedule] === ENDS) query.set("scale_betas", "true");
  if (state.rescale_zero_snr) query.set("rescale_zero_snr", "true");
  return query;
}

/* The parameters that make a run, for every computation. */
export function parameters(state) {
  const query = scheduleParameters(state);
  query.set("sampler", state.sampler);
  query.set("seed", state.seed);
  return query;
}

/* A list of ascending steps, as the parameter frames says it. */
export function framesText(list) {
  const runs = [];
  for (let i = 0; i < list.length;) {
    const stride = i + 1 < list.length ? list[i + 1] - list[i] : 1;
    let end = i;
    while (end + 1 < list.length && list[end + 1] - list[end] === stride) end++;
    if (end === i) runs.push(`${list[i]}`);
    else runs.push(`${list[i]}-${list[end]}${stride > 1 ? `/${stride}` : ""}`);
    i = end + 1;
  }
  return runs.join(",");
}

async function errorOf(response) {
  const problem = await response.json().catch(() => ({}));
  const requestId = problem.request_id ?? response.headers.get("X-Request-Id") ?? "";
  const wait = Number(response.headers.get("Retry-After"));
  let message = problem.detail || `${problem.title || `The service answered ${response.status}`}.`;
  if (wait > 0) message += ` Try again in ${wait} ${wait === 1 ? "second" : "seconds"}.`;
  return new ServiceError(message, {
    status: response.status, requestId, parameter: problem.parameter ?? problem.pointer ?? "",
  });
}

/* A good answer, or a ServiceError; an abort stays an AbortError. */
async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceError("The service cannot be reached.");
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

const withQuery = (path, query) => (query?.size ?? [...(query ?? [])].length ? `${path}?${query}` : path);

/* Sends a picture; gives the answer, whose body may still be on its way. */
export function postImage(path, blob, query, signal) {
  return ask(withQuery(path, query), {
    method: "POST", body: blob, signal,
    headers: { "Content-Type": blob.type || "application/octet-stream" },
  });
}

/* Sends a document; gives the answer. */
export function postJson(path, body, query, signal) {
  return ask(withQuery(path, query), {
    method: "POST", body: JSON.stringify(body), signal,
    headers: { "Content-Type": "application/json" },
  });
}

/* The few schedules that were asked for last, as promises: several parts of the page want the same. */
const schedules = new Map();
const MOST_SCHEDULES = 32;

/* A schedule's table (ScheduleTable in the contract). */
export function getSchedule(state) {
  const query = scheduleParameters(state).toString();
  if (!schedules.has(query)) {
    const table = ask(`/v1/schedule?${query}`).then((response) => response.json());
    table.catch(() => schedules.delete(query));
    if (schedules.size >= MOST_SCHEDULES) schedules.delete(schedules.keys().next().value);
    schedules.set(query, table);
  }
  return schedules.get(query);
}

let sample = null;

/* The built-in picture's bytes. */
export async function getSample() {
  sample ??= await (await ask("/sample.png")).blob();
  return sample;
}
