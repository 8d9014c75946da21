/** Groups driven by hand, and small dense matrices to check them with. Matrices are row-major. */
import { createLinalg, type Linalg } from '@geodesic/linalg';
import { type LayoutEntry, makeLayout } from '@geodesic/tensor';
import type { GroupInput, GroupOutput } from '../../src/group.ts';
import type { StateTree } from '../../src/state.ts';
import { numbers } from '../fixtures.ts';

export const linalg: Linalg = createLinalg({ backend: 'plain' });

/** Two matrices, one of rank 4, around a vector. */
export const entries: readonly LayoutEntry[] = makeLayout([
  { name: 'in.weight', shape: [5, 3] },
  { name: 'in.bias', shape: [3] },
  { name: 'filter', shape: [2, 2, 1, 6] },
]).entries;

/** One matrix alone. */
export const single = (rows: number, columns: number): readonly LayoutEntry[] =>
  makeLayout([{ name: 'w', shape: [rows, columns] }]).entries;

/** What a group with a method that needs no rounds looks like. */
export interface PlainGroup {
  initialState(): StateTree;
  step(state: StateTree, input: GroupInput): GroupOutput;
}

/** A step's input; float64 parameters take steps as they were answered. */
export const inputAt = (
  step: number,
  gradient: Float64Array,
  parameters: Float32Array | Float64Array = new Float32Array(gradient.length),
): GroupInput => ({ step, count: 1, gradient, parameters, statistics: new Map() });

/** Updates of steps `from` to `to`, of reproducible gradients that do not depend on the parameters, and the state after them. */
export function walk(
  group: PlainGroup,
  options: { readonly size: number; readonly from?: number; readonly to: number; readonly state?: StateTree },
): { updates: Float64Array[]; state: StateTree } {
  const { size, from = 1, to } = options;
  let state = options.state ?? group.initialState();
  const updates: Float64Array[] = [];
  const parameters = Float32Array.from(numbers(999, size));
  for (let step = from; step <= to; step++) {
    const output = group.step(state, inputAt(step, numbers(step, size), parameters));
    state = output.state;
    updates.push(output.update);
  }
  return { updates, state };
}

/** An orthogonal matrix [n, n]. */
export function orthogonal(seed: number, n: number): Float64Array {
  return linalg.qr(numbers(seed, n * n), n, n).q;
}

/** a b with a [m, k], b [k, n]. */
export function times(a: Float64Array, b: Float64Array, [m, k, n]: readonly [number, number, number]): Float64Array {
  return linalg.matmul(a, b, { m, k, n });
}

/** U X V' with U [m, m], X [m, n], V [n, n]. */
export function rotated(u: Float64Array, x: Float64Array, v: Float64Array, [m, n]: readonly [number, number]): Float64Array {
  return linalg.matmul(times(u, x, [m, m, n]), v, { m, k: n, n, transposeB: true });
}

/** U V' of x = U S V', by (x x')^(-1/2) x for a wide x of full rank. */
export function polarFactor(x: Float64Array, m: number, n: number): Float64Array {
  const { values, vectors } = linalg.symmetricEigen(linalg.matmul(x, x, { m, k: n, n: m, transposeB: true }), m);
  const scaled = vectors.map((value, i) => value / Math.sqrt(values[i % m]));
  return times(linalg.matmul(scaled, vectors, { m, k: m, n: m, transposeB: true }), x, [m, m, n]);
}

/** Singular values of a wide x, ascending. */
export function singularValues(x: Float64Array, m: number, n: number): Float64Array {
  return linalg
    .symmetricEigen(linalg.matmul(x, x, { m, k: n, n: m, transposeB: true }), m)
    .values.map((value) => Math.sqrt(Math.max(0, value)));
}
