/**
 * A tanh network with a softmax in float64: loss, gradient, and at the end of a task its Fisher statistics, exact over the model's own labels
 * (type 2). Layers are matrices [I + 1, O], one after the other in theta.
 */
import { matmul } from '@geodesic/linalg';
import type { KroneckerFactors } from '@geodesic/natural-gradient';
import type { Examples } from './permuted-tasks.ts';

/** A layer's matrix: rows = inputs + 1, columns = outputs, from `start` in theta. */
export interface Layer {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly start: number;
}

/** Layers for the widths, input first. */
export function layersOf(widths: readonly number[]): Layer[] {
  let end = 0;
  return widths.slice(1).map((columns, l) => {
    const rows = widths[l] + 1;
    const start = end;
    end += rows * columns;
    return { name: `dense${l}`, rows, columns, start };
  });
}

/** A layer's part of theta, as a view. */
export function matrixOf(theta: Float64Array, { start, rows, columns }: Layer): Float64Array {
  return theta.subarray(start, start + rows * columns);
}

/** What a layer sees: homogeneous inputs [B, I + 1]; the last entry holds the probabilities [B, K]. */
interface Pass {
  readonly inputs: readonly Float64Array[];
  readonly probabilities: Float64Array;
}

function forward(layers: readonly Layer[], theta: Float64Array, x: Float64Array, count: number): Pass {
  const inputs: Float64Array[] = [];
  let values = x;
  for (const [l, layer] of layers.entries()) {
    const { rows: k, columns: n } = layer;
    const input = new Float64Array(count * k).fill(1);
    for (let b = 0; b < count; b++) for (let i = 0; i + 1 < k; i++) input[b * k + i] = values[b * (k - 1) + i];
    inputs.push(input);
    values = matmul(input, matrixOf(theta, layer), { m: count, k, n });
    if (l + 1 < layers.length) for (let i = 0; i < values.length; i++) values[i] = Math.tanh(values[i]);
  }
  return { inputs, probabilities: softmax(values, layers[layers.length - 1].columns) };
}

function softmax(logits: Float64Array, classes: number): Float64Array {
  for (let at = 0; at < logits.length; at += classes) {
    const row = logits.subarray(at, at + classes);
    const largest = Math.max(...row);
    let total = 0;
    for (let k = 0; k < classes; k++) total += row[k] = Math.exp(row[k] - largest);
    for (let k = 0; k < classes; k++) row[k] /= total;
  }
  return logits;
}

/** Output gradients of every layer [B, O] for those of the logits. */
function backward(layers: readonly Layer[], theta: Float64Array, { inputs }: Pass, atLogits: Float64Array): Float64Array[] {
  const deltas = [atLogits];
  const count = inputs[0].length / layers[0].rows;
  for (let l = layers.length - 1; l > 0; l--) {
    const { rows, columns } = layers[l];
    const back = matmul(deltas[0], matrixOf(theta, layers[l]), { m: count, k: columns, n: rows, transposeB: true });
    const delta = new Float64Array(count * (rows - 1));
    for (let b = 0; b < count; b++)
      for (let i = 0; i + 1 < rows; i++) delta[b * (rows - 1) + i] = back[b * rows + i] * (1 - inputs[l][b * rows + i] ** 2);
    deltas.unshift(delta);
  }
  return deltas;
}

/** Gradient of the cross-entropy, summed over the examples; flat. */
export function gradientSum(layers: readonly Layer[], theta: Float64Array, { x, labels, count }: Examples): Float64Array {
  const pass = forward(layers, theta, x, count);
  const classes = layers[layers.length - 1].columns;
  labels.forEach((label, b) => (pass.probabilities[b * classes + label] -= 1));
  const deltas = backward(layers, theta, pass, pass.probabilities);
  const gradient = new Float64Array(theta.length);
  for (const [l, { rows, columns, start }] of layers.entries())
    gradient.set(matmul(pass.inputs[l], deltas[l], { m: rows, k: count, n: columns, transposeA: true }), start);
  return gradient;
}

/** Mean cross-entropy, in nats. */
export function lossOf(layers: readonly Layer[], theta: Float64Array, { x, labels, count }: Examples): number {
  const { probabilities } = forward(layers, theta, x, count);
  const classes = layers[layers.length - 1].columns;
  return labels.reduce((sum, label, b) => sum - Math.log(probabilities[b * classes + label]), 0) / count;
}

/** Share of examples whose label has the largest probability. */
export function accuracyOf(layers: readonly Layer[], theta: Float64Array, { x, labels, count }: Examples): number {
  const { probabilities } = forward(layers, theta, x, count);
  const classes = layers[layers.length - 1].columns;
  let right = 0;
  labels.forEach((label, b) => {
    const row = probabilities.subarray(b * classes, (b + 1) * classes);
    if (row.every((p) => p <= row[label])) right++;
  });
  return right / count;
}

/** A layer's Fisher matrix in two forms, means over the examples: Kronecker factors and the diagonal [I + 1, O]. */
export interface LayerFisher {
  readonly factors: KroneckerFactors;
  readonly diagonal: Float64Array;
}

/** Exact Fisher statistics: for every class k, gradients for the label k weighted by its probability. O(K) backward passes. */
export function fisherOf(layers: readonly Layer[], theta: Float64Array, { x, count }: Examples): LayerFisher[] {
  const pass = forward(layers, theta, x, count);
  const p = pass.probabilities;
  const classes = layers[layers.length - 1].columns;
  const output = layers.map(({ columns }) => new Float64Array(columns * columns));
  const diagonal = layers.map(({ rows, columns }) => new Float64Array(rows * columns));
  const squares = pass.inputs.map((input) => input.map((entry) => entry * entry));
  for (let k = 0; k < classes; k++) {
    const weighted = p.map((entry, at) => {
      const row = Math.floor(at / classes);
      return (entry - (at % classes === k ? 1 : 0)) * Math.sqrt(p[row * classes + k] / count);
    });
    for (const [l, delta] of backward(layers, theta, pass, weighted).entries()) {
      const { rows, columns } = layers[l];
      add(output[l], matmul(delta, delta, { m: columns, k: count, n: columns, transposeA: true }));
      const deltaSquares = delta.map((entry) => entry * entry);
      add(diagonal[l], matmul(squares[l], deltaSquares, { m: rows, k: count, n: columns, transposeA: true }));
    }
  }
  return layers.map(({ rows, columns }, l) => {
    const input = matmul(pass.inputs[l], pass.inputs[l], { m: rows, k: count, n: rows, transposeA: true }).map((entry) => entry / count);
    return { factors: { rows, columns, input, output: output[l] }, diagonal: diagonal[l] };
  });
}

function add(sum: Float64Array, values: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += values[i];
}
