// A dense network in JavaScript, written for this file alone, held to the reference vectors of whole networks and of
// the equations of backpropagation.
//
//     node examples/vectors/dense.mjs checks/vectors/v1/networks.json    (or equations.json)
//
// Prints how many answers are right, how many wrong ones are rejected and how many tests need what it does not have;
// exits with 1 if anything disagrees. A matrix is an array of rows; columns are examples.

import { readFileSync } from "node:fs";

const TOLERANCE = 1e-9;
const sigmoid = (z) => (z > 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));
const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
const [ALPHA, SCALE] = [1.6732632423543772, 1.0507009873554805];
const inside = (z, low, high) => Math.min(Math.max(z, low), high);
const within = (z, low, high) => (z > low && z < high ? 1 : 0);

function geluTanh(z) {
  const rate = Math.sqrt(2 / Math.PI), u = rate * (z + 0.044715 * z ** 3), t = Math.tanh(u);
  return [0.5 * z * (1 + t), 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * rate * (1 + 3 * 0.044715 * z * z)];
}

// z -> [value, slope]
const ACTIVATIONS = {
  identity: (z) => [z, 1],
  sigmoid: (z) => [sigmoid(z), sigmoid(z) * sigmoid(-z)],
  tanh: (z) => [Math.tanh(z), 1 / Math.cosh(z) ** 2],
  relu: (z) => [Math.max(z, 0), z > 0 ? 1 : 0],
  leaky_relu: (z) => [z > 0 ? z : 0.01 * z, z > 0 ? 1 : 0.01],
  elu: (z) => [z > 0 ? z : Math.expm1(z), z > 0 ? 1 : Math.exp(z)],
  celu: (z) => [z > 0 ? z : Math.expm1(z), z > 0 ? 1 : Math.exp(z)],
  selu: (z) => (z > 0 ? [SCALE * z, SCALE] : [SCALE * ALPHA * Math.expm1(z), SCALE * ALPHA * Math.exp(z)]),
  gelu_tanh: geluTanh,
  silu: (z) => [z * sigmoid(z), sigmoid(z) * (1 + z * sigmoid(-z))],
  mish: (z) => {
    const t = Math.tanh(softplus(z));
    return [z * t, t + z * (1 - t * t) * sigmoid(z)];
  },
  softplus: (z) => [softplus(z), sigmoid(z)],
  softsign: (z) => [z / (1 + Math.abs(z)), 1 / (1 + Math.abs(z)) ** 2],
  hardtanh: (z) => [inside(z, -1, 1), within(z, -1, 1)],
  hardsigmoid: (z) => [inside(z + 3, 0, 6) / 6, within(z, -3, 3) / 6],
  hardswish: (z) => [(z * inside(z + 3, 0, 6)) / 6, inside(z + 3, 0, 6) / 6 + (z * within(z, -3, 3)) / 6],
  relu6: (z) => [inside(z, 0, 6), within(z, 0, 6)],
  log_sigmoid: (z) => [-softplus(-z), sigmoid(-z)],
  arctan: (z) => [Math.atan(z), 1 / (1 + z * z)],
  sin: (z) => [Math.sin(z), Math.cos(z)],
};

// (a, y) -> [contribution, slope]
const LOSSES = {
  squared_error: (a, y) => [(a - y) ** 2 / 2, a - y],
  absolute_error: (a, y) => [Math.abs(a - y), Math.sign(a - y)],
  huber: (a, y) => {
    const r = a - y, c = inside(r, -1, 1);
    return [c * (r - c / 2), c];
  },
  log_cosh: (a, y) => [Math.log(Math.cosh(a - y)), Math.tanh(a - y)],
  binary_cross_entropy: (a, y) => [-times(y, a) - times(1 - y, 1 - a), (y < 1 ? (1 - y) / (1 - a) : 0) - (y > 0 ? y / a : 0)],
  binary_cross_entropy_logits: (a, y) => [softplus(a) - y * a, sigmoid(a) - y],
  cross_entropy: (a, y) => [-times(y, a), y > 0 ? -y / a : 0],
  kl_divergence: (a, y) => [y > 0 ? y * Math.log(y / a) : 0, y > 0 ? -y / a : 0],
  hinge: (a, y) => [Math.max(1 - y * a, 0), y * a < 1 ? -y : 0],
  squared_hinge: (a, y) => [Math.max(1 - y * a, 0) ** 2, -2 * y * Math.max(1 - y * a, 0)],
  poisson: (a, y) => [a - times(y, a), 1 - y / a],
};
const times = (y, x) => (y === 0 ? 0 : y * Math.log(x));

const map = (f, ...m) => m[0].map((row, i) => row.map((_, j) => f(...m.map((x) => x[i][j]))));
const transpose = (m) => m[0].map((_, j) => m.map((row) => row[j]));
const product = (a, b) => a.map((row) => b[0].map((_, j) => row.reduce((sum, x, k) => sum + x * b[k][j], 0)));
const columns = (f, ...m) => transpose(transpose(m[0]).map((c, j) => f(c, ...m.slice(1).map((x) => transpose(x)[j]))));

function softmaxOf(column) {
  const top = Math.max(...column), w = column.map((z) => Math.exp(z - top)), sum = w.reduce((s, x) => s + x, 0);
  return { p: w.map((x) => x / sum), log: column.map((z) => z - top - Math.log(sum)) };
}
// name -> [value of a column, pullback of v through a column]
const COLUMNWISE = {
  softmax: [(z) => softmaxOf(z).p, (z, v) => {
    const { p } = softmaxOf(z), mean = p.reduce((s, x, i) => s + x * v[i], 0);
    return p.map((x, i) => x * (v[i] - mean));
  }],
  log_softmax: [(z) => softmaxOf(z).log, (z, v) => {
    const { p } = softmaxOf(z), sum = v.reduce((s, x) => s + x, 0);
    return v.map((x, i) => x - p[i] * sum);
  }],
};

function costOf(loss, reduction, a, y) {
  const share = reduction === "mean" ? a[0].length : 1;
  let terms, slopes;
  if (loss === "softmax_cross_entropy") {
    terms = columns((z, t) => softmaxOf(z).log.map((l, i) => -t[i] * l), a, y);
    slopes = columns((z, t) => {
      const { p } = softmaxOf(z), sum = t.reduce((s, x) => s + x, 0);
      return p.map((x, i) => x * sum - t[i]);
    }, a, y);
  } else {
    terms = map((x, t) => LOSSES[loss](x, t)[0], a, y);
    slopes = map((x, t) => LOSSES[loss](x, t)[1], a, y);
  }
  return [terms.flat().reduce((s, x) => s + x, 0) / share, map((x) => x / share, slopes)];
}

function network({ activations, loss, reduction, step }, given) {
  const depth = activations.length, A = [given.x], Z = [null], gradients = {}, values = {};
  for (let l = 1; l <= depth; l++) {
    const name = activations[l - 1];
    Z[l] = product(given[`W${l}`], A[l - 1]).map((row, i) => row.map((z) => z + given[`b${l}`][i][0]));
    A[l] = name in COLUMNWISE ? columns(COLUMNWISE[name][0], Z[l]) : map((z) => ACTIVATIONS[name](z)[0], Z[l]);
  }
  const [cost, dC] = costOf(loss, reduction, A[depth], given.y);
  let up = dC;
  for (let l = depth; l >= 1; l--) {
    const name = activations[l - 1];
    const delta = name in COLUMNWISE ? columns(COLUMNWISE[name][1], Z[l], up) : map((z, v) => v * ACTIVATIONS[name](z)[1], Z[l], up);
    gradients[`delta${l}`] = delta;
    gradients[`W${l}`] = product(delta, transpose(A[l - 1]));
    gradients[`b${l}`] = delta.map((row) => [row.reduce((s, x) => s + x, 0)]);
    for (const name of step ? [`W${l}`, `b${l}`] : [])
      values[`${name}_new`] = map((w, g) => w - step * g, given[name], gradients[name]);
    Object.assign(values, { [`z${l}`]: Z[l], [`a${l}`]: A[l] });
    up = product(transpose(given[`W${l}`]), delta);
  }
  if (depth > 1 && activations[1] in ACTIVATIONS)  // of the second layer by the first, at the first example
    values.jacobian = given.W2.map((row, i) => row.map((w) => w * ACTIVATIONS[activations[1]](Z[2][i][0])[1]));
  return { values: { ...values, output: [[cost]] }, gradients: { ...gradients, x: up } };
}

function matrix({ shape, data }) {
  const width = shape[1] ?? 1;
  return Array.from({ length: shape[0] ?? 1 }, (_, i) => data.slice(i * width, (i + 1) * width));
}

// the largest difference of one tensor, relative to its scale
function off(found, tensor, wanted) {
  const got = found.flat();
  if (got.length !== wanted.length) return Infinity;
  const gap = Math.max(0, ...got.map((x, k) => Math.abs(x - wanted[k])));
  return Number.isFinite(gap) ? (gap === 0 ? 0 : gap / tensor.scale) : Infinity;
}

const agrees = (found, wanted) =>
  Object.entries(wanted).every(([name, t]) => off(found[name], t, t.high ?? t.data) <= TOLERANCE);

const vectors = JSON.parse(readFileSync(process.argv[2], "utf8"));
if (vectors.version !== 1) throw new Error(`version ${vectors.version} of the format; this reads version 1`);
const count = { right: 0, rejected: 0, unsupported: 0, failures: 0 };
for (const group of vectors.groups) {
  for (const test of group.tests) {
    const { activations, loss } = test.parameters;
    const known = activations.every((n) => n in ACTIVATIONS || n in COLUMNWISE) && (loss in LOSSES || loss === "softmax_cross_entropy");
    if (!known) {
      count.unsupported++; // gelu needs an erf, which JavaScript lacks
      continue;
    }
    const given = Object.fromEntries(Object.entries(test.inputs).map(([name, t]) => [name, matrix(t)]));
    const { values, gradients } = network(test.parameters, given);
    if (test.result === "invalid") {
      if (agrees({ ...values, ...gradients }, test.wrong)) {
        count.failures++;
        console.log(`${test.id}: agrees with a wrong answer (${test.flags})`);
      } else count.rejected++;
    } else if (agrees(values, test.values) && [test.gradients, ...(test.alternatives ?? [])].some((g) => agrees(gradients, g))) {
      count.right++;
    } else {
      count.failures++;
      console.log(`${test.id}: disagrees (${test.comment})`);
    }
  }
}
console.log(`${count.right} right, ${count.rejected} rejected, ${count.failures} failures, ${count.unsupported} not supported`);
process.exit(count.failures || !count.right ? 1 : 0);
