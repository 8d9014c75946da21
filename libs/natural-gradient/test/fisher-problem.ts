/**
 * A group's Fisher matrix as rounds see it, in two forms: dense, as sums of outer products, and as rows of dense layers. What a test's
 * descent asks for is answered from the same numbers that its dense solution is made of.
 */
import { type FloatArray, type RoundRequest, type Rounds, roundsOf, type RoundTotals } from '../src/rounds.ts';
import { type Answer, drive as driveRounds, totalsOf } from './drive.ts';
import { numbers } from './fixtures.ts';

/** Runs a computation that may need rounds; every request is answered and kept. */
export function drive<T>(computation: T | Rounds<T>, answer: Answer): { readonly result: T; readonly requests: readonly RoundRequest[] } {
  return driveRounds(roundsOf(computation), answer);
}

/** What a direction is asked with, of a group that is all of theta. */
export function inputOf(
  gradient: Float64Array,
  damping: number,
  options: { readonly precision?: 'float32' | 'float64'; readonly step?: number; readonly refresh?: boolean } = {},
) {
  const { precision = 'float64', step = 1, refresh = false } = options;
  return {
    step,
    gradient,
    damping,
    refresh,
    scatter: (v: Float64Array): FloatArray => (precision === 'float32' ? Float32Array.from(v) : v.slice()),
    gather: (flat: ArrayLike<number>): Float64Array => Float64Array.from(flat),
  };
}

/** Rows [count, size] whose outer products sum to a matrix of rank min(count, size). */
export function rowsOf(seed: number, count: number, size: number, scale: (column: number) => number = () => 1): Float64Array {
  const rows = numbers(seed, count * size);
  return rows.map((entry, i) => entry * scale(i % size));
}

/** sum over the rows of row row' [size, size]. */
export function outerOf(rows: Float64Array, size: number): Float64Array {
  const sum = new Float64Array(size * size);
  for (let at = 0; at < rows.length; at += size)
    for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) sum[i * size + j] += rows[at + i] * rows[at + j];
  return sum;
}

/** M v. */
export function applied(matrix: Float64Array, v: ArrayLike<number>): Float64Array {
  const n = v.length;
  return Float64Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += matrix[i * n + j] * v[j];
    return sum;
  });
}

/** Answers `product` rounds: sums of a matrix [n, n] that is already a sum over `count` examples; in float32 as a run's sums are. */
export function productsOf(matrix: Float64Array, count: number, precision: 'float32' | 'float64' = 'float64') {
  return ({ program, vectors }: RoundRequest): RoundTotals => {
    if (program !== 'product') throw new Error(`expected a round product, got ${program}`);
    const sum = applied(matrix, vectors!['direction']);
    return totalsOf(count, { product: precision === 'float32' ? Float32Array.from(sum) : sum });
  };
}
