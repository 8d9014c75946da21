/**
 * Symmetric matrices as their upper triangle, row by row: (0,0) (0,1) ... (0,n-1) (1,1) ... n (n + 1) / 2 numbers.
 * This is how symmetric sums travel; the lower triangle is never looked at.
 */
import { checkSize } from './matrix.ts';

/** Copies the upper triangle of `full` [n, n] into `out` from `offset` on; returns `out` (by default a new Float64Array). */
export function packUpper<T extends Float32Array | Float64Array = Float64Array>(full: ArrayLike<number>, n: number, out?: T, offset = 0): T {
  checkSize('packUpper', full, n * n);
  const packed = out ?? (new Float64Array((n * (n + 1)) / 2) as T);
  let position = offset;
  for (let i = 0; i < n; i++) for (let j = i; j < n; j++) packed[position++] = full[i * n + j];
  return packed;
}

/** The full symmetric matrix [n, n] of a packed upper triangle, in float64. */
export function unpackUpper(packed: ArrayLike<number>, n: number): Float64Array {
  checkSize('unpackUpper', packed, (n * (n + 1)) / 2);
  const full = new Float64Array(n * n);
  let position = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      const value = packed[position++];
      full[i * n + j] = value;
      full[j * n + i] = value;
    }
  }
  return full;
}
