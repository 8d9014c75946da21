/**
 * One layer as a curvature sees it, from single examples: each has an input a [rows] and backpropagated vectors g_k [columns], so that
 * its gradients are the matrices a g_k^T. Every sum is made of these matrices by plain loops, which share nothing with what is tested.
 */
import {
  createCurvature,
  type Curvature,
  type CurvatureConfig,
  type CurvatureTools,
  type LayerKind,
  type PlacedLayer,
  type RoundRequest,
  type Rounds,
  type RoundTotals,
  type StateTree,
} from '@geodesic/natural-gradient';
import { numbers } from '../fixtures.ts';

/** An example: a [rows], and g_k [columns] for each k. */
export interface LayerCase {
  readonly a: readonly number[];
  readonly g: readonly (readonly number[])[];
}

export type Shape = Readonly<Record<'rows' | 'columns', number>>;

export function layerOf({ rows, columns }: Shape, kind: LayerKind = 'dense', more: Partial<PlacedLayer> = {}): PlacedLayer {
  return { name: 'l', kind, rows, columns, offset: 0, size: rows * columns, ...more };
}

/** Random examples; homogeneous inputs, so the last entry of a is 1 (embeddings: one-hot, norms: gain and bias share g). */
export function casesOf(seed: number, { rows, columns }: Shape, count: number, vectors = 1): LayerCase[] {
  const noise = numbers(seed, count * (rows + vectors * columns));
  let at = 0;
  const take = (n: number): number[] => [...noise.subarray(at, (at += n))];
  return Array.from({ length: count }, () => {
    const a = take(rows);
    if (rows > 1) a[rows - 1] = 1;
    return { a, g: Array.from({ length: vectors }, () => take(columns)) };
  });
}

/** One-hot inputs: ids 0..rows-2 in turn, the last one never. */
export function embeddingCases(seed: number, shape: Shape, count: number): LayerCase[] {
  return casesOf(seed, shape, count).map(({ g }, n) => ({
    g,
    a: Array.from({ length: shape.rows }, (_, i) => (i === (n * n) % Math.max(1, shape.rows - 1) ? 1 : 0)),
  }));
}

/** Gradients [rows columns] of all examples and vectors. */
export function gradientsOf(cases: readonly LayerCase[]): number[][] {
  return cases.flatMap(({ a, g }) => g.map((vector) => a.flatMap((left) => vector.map((right) => left * right))));
}

export function outerSum(rows: readonly (readonly number[])[], n: number): Float64Array {
  const total = new Float64Array(n * n);
  for (const row of rows) for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) total[i * n + j] += row[i] * row[j];
  return total;
}

/** Sums over the examples by key, for every curvature that there is. */
export function sumsOf(cases: readonly LayerCase[], { name, kind, rows, columns, size }: PlacedLayer): Map<string, Float64Array> {
  const gradients = gradientsOf(cases);
  const full = outerSum(
    cases.map(({ a }) => a),
    rows,
  );
  const block = outerSum(gradients, size);
  const diagonalOf = (matrix: Float64Array, n: number): Float64Array => Float64Array.from({ length: n }, (_, i) => matrix[i * (n + 1)]);
  const unit = (i: number, j: number): number[] =>
    Array.from({ length: columns }, (_, c) => block[(i * columns + c) * size + j * columns + c]);
  return new Map([
    [`A/${name}`, kind === 'embedding' ? diagonalOf(full, rows) : full],
    [
      `S/${name}`,
      outerSum(
        cases.flatMap(({ g }) => g),
        columns,
      ),
    ],
    [`D/${name}`, diagonalOf(block, size)],
    [`F/${name}`, block],
    ...(rows === 2 ? [[`U/${name}`, Float64Array.from([...unit(0, 0), ...unit(0, 1), ...unit(1, 1)])] as const] : []),
    ...(rows === 1 ? [[`U/${name}`, Float64Array.from(unit(0, 0))] as const] : []),
  ]);
}

/** E = sum (Q_A^T G Q_S)^2 entry by entry; without Q_A it is the identity. */
export function momentsOf(cases: readonly LayerCase[], basis: { QA?: ArrayLike<number> | undefined; QS: ArrayLike<number> }): Float64Array {
  const [rows, columns] = [cases[0].a.length, cases[0].g[0].length];
  const into = (q: ArrayLike<number> | undefined, v: readonly number[]): number[] =>
    q === undefined ? [...v] : v.map((_, j) => v.reduce((sum, value, i) => sum + value * q[i * v.length + j], 0));
  const total = new Float64Array(rows * columns);
  for (const { a, g } of cases) {
    const left = into(basis.QA, a);
    for (const vector of g) {
      const right = into(basis.QS, vector);
      for (let i = 0; i < rows; i++) for (let o = 0; o < columns; o++) total[i * columns + o] += (left[i] * right[o]) ** 2;
    }
  }
  return total;
}

/** Runs a computation to its end; rounds are answered by `answer`. */
export function settle<T>(computation: T | Rounds<T>, answer?: (request: RoundRequest) => RoundTotals): T {
  if (typeof computation !== 'object' || computation === null || !('next' in computation)) return computation;
  let next = computation.next();
  while (next.done !== true) {
    if (!answer) throw new Error(`settle: expected no round, got ${next.value.program}`);
    next = computation.next(answer(next.value));
  }
  return next.value;
}

/** Answers rounds `basis` from the examples of each layer. */
export function basisAnswer(cases: Readonly<Record<string, readonly LayerCase[]>>) {
  return ({ program, vectors = {} }: RoundRequest): RoundTotals => {
    if (program !== 'basis') throw new Error(`basisAnswer: expected basis, got ${program}`);
    const sums = Object.entries(cases).map(
      ([layer, own]) => [`E/${layer}`, momentsOf(own, { QA: vectors[`QA/${layer}`], QS: vectors[`QS/${layer}`] })] as const,
    );
    return { count: Object.values(cases)[0].length, columns: new Map(), sums: new Map(sums) };
  };
}

/** A curvature of one layer that has absorbed the examples once and was refreshed at step 1. */
export function refreshedOn(
  config: CurvatureConfig,
  cases: readonly LayerCase[],
  { layer, damping, tools = {} }: { readonly layer: PlacedLayer; readonly damping: number; readonly tools?: CurvatureTools },
): { readonly curvature: Curvature; readonly state: StateTree } {
  const curvature = createCurvature(config, [layer], { precision: 'float64', ...tools });
  const known = curvature.absorb(curvature.initialState(), { step: 1, count: cases.length, statistics: sumsOf(cases, layer) });
  return { curvature, state: settle(curvature.refresh(known, { step: 1, damping }), basisAnswer({ [layer.name]: cases })) };
}

/** M v of a dense M [n, n]. */
export function times(matrix: ArrayLike<number>, v: ArrayLike<number>): Float64Array {
  const n = v.length;
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) out[i] += matrix[i * n + j] * v[j];
  return out;
}

export function frobenius(values: ArrayLike<number>): number {
  return Math.hypot(...Array.from(values));
}

export function difference(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  return Float64Array.from(a, (value, i) => value - b[i]);
}
