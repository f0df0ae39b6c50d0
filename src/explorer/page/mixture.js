/* Mixtures of Gaussians and lists of numbers: what the samples view computes by itself, without a page. */

export const MOST_COMPONENTS = 8;
export const MOST_NUMBERS = 100000;

/* What a component may be on the page; a link may bring others, and the service judges those. */
export const BOUNDS = {
  mean: { min: -20, max: 20, step: 0.1 },
  std: { min: 0.05, max: 10, step: 0.05 },
  weight: { min: 0, max: 100, step: 0.05 },
};

const LARGEST_FLOAT32 = 3.4028234663852886e38;

export function round(value, digits) {
  return Number(value.toFixed(digits));
}

export function totalWeight(mixture) {
  return mixture.reduce((sum, { weight }) => sum + weight, 0);
}

/* A single point, of std 0, is drawn so wide. */
const LEAST_STD = 0.01;

/* The part of component k in the density, weights normalised as the service does. */
export function part(mixture, k, x) {
  const { weight, mean } = mixture[k];
  const std = Math.max(mixture[k].std, LEAST_STD);
  const z = (x - mean) / std;
  return ((weight / totalWeight(mixture)) * Math.exp(-0.5 * z * z)) / (std * Math.sqrt(2 * Math.PI));
}

export function density(mixture, x) {
  return mixture.reduce((sum, unused, k) => sum + part(mixture, k, x), 0);
}

/* The mixture with component k at a share of the whole, the others keeping their proportions, and the sum its value. */
export function withShare(mixture, k, share) {
  const total = totalWeight(mixture);
  const others = total - mixture[k].weight;
  if (mixture.length < 2 || !(others > 0)) return mixture;
  const wanted = Math.min(0.99, Math.max(0.01, share)) * total;
  const scale = (total - wanted) / others;
  return mixture.map((component, i) => ({
    ...component,
    weight: round(i === k ? wanted : component.weight * scale, 3),
  }));
}

/* A component more, where there is least so far. */
export function withOneMore(mixture) {
  let best = 0;
  for (let x = -6; x <= 6; x += 0.5) best = density(mixture, x) < density(mixture, best) ? x : best;
  const weight = round(totalWeight(mixture) / mixture.length, 3) || 1;
  return [...mixture, { weight, mean: best, std: 0.7 }];
}

/* Numbers with commas, semicolons, spaces or newlines between: {numbers} or {error}, a sentence. */
export function parseNumbers(text) {
  const words = text.split(/[\s,;]+/).filter((word) => word !== "");
  if (words.length === 0) {
    return { error: "There are no numbers yet: type or paste some, with commas, spaces or new lines between them." };
  }
  if (words.length > MOST_NUMBERS) {
    const much = `These are ${words.length} numbers, and the page takes at most ${MOST_NUMBERS}`;
    return { error: `${much}; the service itself takes more.` };
  }
  const numbers = words.map(Number);
  const bad = numbers.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    return { error: `“${words[bad].slice(0, 20)}”, the ${ordinal(bad + 1)} entry, is not a number.` };
  }
  const large = numbers.findIndex((value) => Math.abs(value) > LARGEST_FLOAT32);
  if (large >= 0) {
    const which = `${words[large].slice(0, 20)}, the ${ordinal(large + 1)} entry,`;
    return { error: `${which} is too large: the service computes with float32.` };
  }
  return { numbers };
}

function ordinal(n) {
  const tens = n % 100;
  const ending = tens > 10 && tens < 14 ? "th" : { 1: "st", 2: "nd", 3: "rd" }[n % 10] ?? "th";
  return `${n}${ending}`;
}

/* Mean 0 and standard deviation 1, to which the process drifts anyway; as they are where they are all the same. */
export function standardised(numbers) {
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const std = Math.sqrt(numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length);
  return std > 0 ? numbers.map((x) => round((x - mean) / std, 4)) : numbers.map((x) => x - mean);
}
