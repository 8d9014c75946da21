/**
 * Elementary dense matrices: float64, row-major, entry (i, j) of [m, n] at i * n + j. Results are new arrays that the caller owns.
 */
import { requireMatrix } from './require-matrix.ts';

/** The identity [n, n]. */
export function identity(n: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) result[i * (n + 1)] = 1;
  return result;
}

/** The transpose [n, m] of a [m, n]. @throws {ShapeError} when a is not [m, n] */
export function transpose(a: Float64Array, m: number, n: number): Float64Array {
  requireMatrix('transpose', 'a', a, [m, n]);
  const result = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) result[j * m + i] = a[i * n + j];
  return result;
}

/** A copy of a [n, n] with `value` added to its diagonal. @throws {ShapeError} when a is not [n, n] */
export function addDiagonal(a: Float64Array, n: number, value: number): Float64Array {
  requireMatrix('addDiagonal', 'a', a, [n, n]);
  const result = a.slice();
  for (let i = 0; i < n; i++) result[i * (n + 1)] += value;
  return result;
}

/** The sum of the diagonal of a [n, n]. @throws {ShapeError} when a is not [n, n] */
export function trace(a: Float64Array, n: number): number {
  requireMatrix('trace', 'a', a, [n, n]);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += a[i * (n + 1)];
  return sum;
}
