/**
 * The 3-4-3 tanh network of golden/06, from its inputs alone: forward, backward, Kronecker sums. Rows of numbers, loops, no library:
 * it must not share a mistake with what it tests. Conventions of this library: a layer's matrix is [I + 1, O], so golden's [O, I + 1]
 * matrices are transposed on the way in and out.
 */
import { flat, loadGolden, type GoldenCase, type Nested } from '@geodesic/testing';
import type { KroneckerFactors } from '@geodesic/natural-gradient';

export type Matrix = readonly (readonly number[])[];

/** A golden entry that is one number. */
export function toNumber(nested: Nested): number {
  if (typeof nested !== 'number') throw new Error('toNumber: expected a number in the golden file, got an array');
  return nested;
}

/** A golden entry that is a matrix of numbers. */
export function toMatrix(nested: Nested): Matrix {
  return nested as Matrix;
}

export const golden: Readonly<Record<string, GoldenCase>> = loadGolden('06_kfac_metric_kfac').cases;

/** One example: homogeneous inputs, output gradients for the given label, and for every label with its probability. */
export interface Example {
  readonly z1: readonly number[];
  readonly h: readonly number[];
  readonly z2: readonly number[];
  readonly p: readonly number[];
  readonly loss: number;
  /** Homogeneous inputs of layers 1 and 2. */
  readonly inputs: readonly [readonly number[], readonly number[]];
  /** Output gradients of layers 1 and 2 for the label of the data. */
  readonly deltas: readonly [readonly number[], readonly number[]];
  /** dz2/dz1, [3, 4]. */
  readonly jacobian: Matrix;
}

export function examplesOf({ inputs }: GoldenCase): Example[] {
  const labels = flat(inputs['y']);
  return toMatrix(inputs['X']).map((x, n) => example(x, labels[n], toMatrix(inputs['W1']), toMatrix(inputs['W2'])));
}

/** Mean cross-entropy of the golden network with other weights, [O, I + 1] each. */
export function lossWith({ inputs }: GoldenCase, w1: Matrix, w2: Matrix): number {
  const labels = flat(inputs['y']);
  const losses = toMatrix(inputs['X']).map((x, n) => example(x, labels[n], w1, w2).loss);
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

function example(x: readonly number[], label: number, w1: Matrix, w2: Matrix): Example {
  const z1 = times(w1, [...x, 1]);
  const h = z1.map(Math.tanh);
  const z2 = times(w2, [...h, 1]);
  const total = z2.reduce((sum, z) => sum + Math.exp(z), 0);
  const p = z2.map((z) => Math.exp(z) / total);
  const jacobian = w2.map((row) => h.map((value, j) => row[j] * (1 - value * value)));
  const delta2 = p.map((value, k) => value - (k === label ? 1 : 0));
  const delta1 = times(transposed(jacobian), delta2);
  return {
    z1,
    h,
    z2,
    p,
    loss: -Math.log(p[label]),
    inputs: [
      [...x, 1],
      [...h, 1],
    ],
    deltas: [delta1, delta2],
    jacobian,
  };
}

/** Softmax Fisher diag p - p p^T with respect to the logits. */
export function outputFisher({ p }: Example): Matrix {
  return p.map((value, i) => p.map((other, j) => (i === j ? value : 0) - value * other));
}

/** Output gradients' second moment of a layer (0 or 1) under the model's own labels, exactly. */
export function modelMoment(one: Example, layer: number): Matrix {
  return layer === 1 ? outputFisher(one) : pulledBack(outputFisher(one), one.jacobian);
}

export function labelMoment(one: Example, layer: number): Matrix {
  return outer(one.deltas[layer], one.deltas[layer]);
}

/** The learned metric of form I: g = diag(D0 exp(P b)) + U0 C C^T U0^T with b = tanh(z1 Wb), C = tanh(z1 Wc) as [2, 2]. */
export function localMetric({ z1 }: Example): Matrix {
  const net = golden['metric_kfac_form_I_local_metric'].inputs['metric_net'] as unknown as Record<'P' | 'U0' | 'Wb' | 'Wc', Matrix> & {
    D0: number[];
  };
  const through = (w: Matrix): number[] => times(transposed(w), z1).map(Math.tanh);
  const exponent = times(net.P, through(net.Wb));
  const u = product(net.U0, nested(Float64Array.from(through(net.Wc)), 2));
  const low = product(u, transposed(u));
  return low.map((row, i) => row.map((value, j) => value + (i === j ? net.D0[i] * Math.exp(exponent[i]) : 0)));
}

/** The output metric of form II: g2 = F_out + 0.05 I + 0.1 tanh(z2) tanh(z2)^T. */
export function outputMetric(one: Example): Matrix {
  const t = one.z2.map(Math.tanh);
  const rank = outer(t, t);
  return outputFisher(one).map((row, i) => row.map((value, j) => value + (i === j ? 0.05 : 0) + 0.1 * rank[i][j]));
}

/** J^T G J. */
export function pulledBack(g: Matrix, jacobian: Matrix): Matrix {
  return product(transposed(jacobian), product(g, jacobian));
}

/** Sums over examples, before any division: gradient [I + 1, O], A and S. */
export function sumsOf(examples: readonly Example[], layer: number, moment: (one: Example, layer: number) => Matrix) {
  return {
    gradient: summed(examples.map((one) => outer(one.inputs[layer], one.deltas[layer]))),
    input: summed(examples.map((one) => outer(one.inputs[layer], one.inputs[layer]))),
    output: summed(examples.map((one) => moment(one, layer))),
  };
}

/** Mean gradient and Kronecker factors of a layer. */
export function meansOf(
  examples: readonly Example[],
  layer: number,
  moment: (one: Example, layer: number) => Matrix,
): { readonly gradient: Float64Array; readonly factors: KroneckerFactors } {
  const sums = sumsOf(examples, layer, moment);
  const mean = (values: Float64Array): Float64Array => values.map((value) => value / examples.length);
  const rows = examples[0].inputs[layer].length;
  const columns = examples[0].deltas[layer].length;
  return { gradient: mean(sums.gradient), factors: { rows, columns, input: mean(sums.input), output: mean(sums.output) } };
}

/** The exact block E[a a^T (x) g] in this library's order. */
export function exactBlock(examples: readonly Example[], layer: number, moment: (one: Example, layer: number) => Matrix): Float64Array {
  const blocks = examples.map((one) => kronecker(outer(one.inputs[layer], one.inputs[layer]), moment(one, layer)));
  return summed(blocks).map((value) => value / examples.length);
}

/** Row-major [O, I + 1] of a [I + 1, O] matrix, to compare with golden. */
export function toGolden(matrix: Float64Array, rows: number, columns: number): Float64Array {
  return matrix.map((_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]);
}

/** Row-major [I + 1, O] of golden's nested [O, I + 1]. */
export function fromGolden(nested: Nested): Float64Array {
  return Float64Array.from(transposed(toMatrix(nested)).flat());
}

export function transposed(a: Matrix): number[][] {
  return a[0].map((_, j) => a.map((row) => row[j]));
}

export function product(a: Matrix, b: Matrix): number[][] {
  const bt = transposed(b);
  return a.map((row) => bt.map((column) => row.reduce((sum, value, k) => sum + value * column[k], 0)));
}

export function times(a: Matrix, v: readonly number[]): number[] {
  return a.map((row) => row.reduce((sum, value, k) => sum + value * v[k], 0));
}

export function outer(a: readonly number[], b: readonly number[]): number[][] {
  return a.map((left) => b.map((right) => left * right));
}

export function kronecker(a: Matrix, b: Matrix): number[][] {
  return a.flatMap((rowA) => b.map((rowB) => rowA.flatMap((left) => rowB.map((right) => left * right))));
}

export function summed(matrices: readonly Matrix[]): Float64Array {
  const total = new Float64Array(matrices[0].length * matrices[0][0].length);
  for (const matrix of matrices) for (const [i, value] of matrix.flat().entries()) total[i] += value;
  return total;
}

export function nested(values: Float64Array, columns: number): number[][] {
  return Array.from({ length: values.length / columns }, (_, i) => [...values.subarray(i * columns, (i + 1) * columns)]);
}

export function inner(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);
}
