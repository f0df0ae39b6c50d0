/* The page's formulas in MathML, each with the words that a screen reader says and that stand in where MathML is unknown. */

const mi = (name) => `<mi>${name}</mi>`;
const mn = (number) => `<mn>${number}</mn>`;
const mo = (operator) => `<mo>${operator}</mo>`;
const row = (...parts) => `<mrow>${parts.join("")}</mrow>`;
const sub = (base, index) => `<msub>${base}${index}</msub>`;
const root = (...parts) => `<msqrt>${row(...parts)}</msqrt>`;
const over = (top, bottom) => `<mfrac>${top}${bottom}</mfrac>`;
/* A factor before what it multiplies: nothing is seen between them. */
const times = mo("&#x2062;");

const t = mi("t");
const before = row(t, mo("−"), mn(1));
const beta = sub(mi("β"), t);
const alphaBar = sub("<mover><mi>α</mi><mo stretchy=\"false\">¯</mo></mover>", t);
const noise = mi("n");

function formula(words, ...parts) {
  return `<math class="formula" display="block" aria-label="${words}">${row(...parts)}</math>`;
}

export const STEP = formula(
  "x t = square root of (1 − beta t) times x t−1, plus square root of beta t times fresh noise n",
  sub(mi("x"), t), mo("="),
  root(mn(1), mo("−"), beta), times, sub(mi("x"), before),
  mo("+"), root(beta), times, noise,
);

export const SO_FAR = formula(
  "x t = square root of alpha bar t times x 0, plus square root of (1 − alpha bar t) times noise n",
  sub(mi("x"), t), mo("="),
  root(alphaBar), times, sub(mi("x"), mn(0)),
  mo("+"), root(mn(1), mo("−"), alphaBar), times, noise,
);

export const ALPHA_BAR = formula(
  "alpha bar t = the product of 1 − beta s over all steps s from 1 to t",
  alphaBar, mo("="),
  `<munderover><mo movablelimits="false">∏</mo>${row(mi("s"), mo("="), mn(1))}${t}</munderover>`,
  mo("("), mn(1), mo("−"), sub(mi("β"), mi("s")), mo(")"),
);

export const SNR = formula(
  "SNR t = alpha bar t divided by (1 − alpha bar t)",
  sub("<mi>SNR</mi>", t), mo("="), over(alphaBar, row(mn(1), mo("−"), alphaBar)),
);

export const COSINE = formula(
  "alpha bar t follows cosine squared of (t/T + 0.008) / 1.008 times pi/2, T being the number of steps",
  alphaBar, mo("∝"), "<msup><mi>cos</mi><mn>2</mn></msup>",
  row(mo("("), over(row(mi("t"), mo("/"), mi("T"), mo("+"), mn("0.008")), mn("1.008")), mo("·"), over(mi("π"), mn(2)), mo(")")),
);

/* The same within a line of text. */
export function inline(words, name) {
  const parts = {
    beta,
    alphaBar,
    keep: root(mn(1), mo("−"), beta),
    add: root(beta),
    keepAll: root(alphaBar),
    addAll: root(mn(1), mo("−"), alphaBar),
    snr: sub("<mi>SNR</mi>", t),
  };
  return `<math aria-label="${words}">${row(parts[name])}</math>`;
}
