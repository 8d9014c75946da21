/**
 * Solves with a lower triangular matrix, row by row: x_i is the right-hand side, minus products in ascending k (descending for the
 * transpose, whose last unknown is found first), over the diagonal.
 */
import type { TriangularOptions } from '../backend.ts';

/** X [n, columns] with l X = b, or l^T X = b; a new array. O(n^2 columns). */
export function triangularSolve(l: Float64Array, n: number, b: Float64Array, options: TriangularOptions): Float64Array {
  const { columns, transpose = false } = options;
  const x = b.slice();
  if (transpose) {
    for (let i = n - 1; i >= 0; i--) {
      for (let k = n - 1; k > i; k--) subtractRow(x, columns, i, k, l[k * n + i]);
      divideRow(x, columns, i, l[i * n + i]);
    }
    return x;
  }
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) subtractRow(x, columns, i, k, l[i * n + k]);
    divideRow(x, columns, i, l[i * n + i]);
  }
  return x;
}

function subtractRow(x: Float64Array, columns: number, target: number, source: number, factor: number): void {
  const [to, from] = [target * columns, source * columns];
  for (let c = 0; c < columns; c++) x[to + c] -= factor * x[from + c];
}

function divideRow(x: Float64Array, columns: number, row: number, divisor: number): void {
  for (let c = row * columns; c < (row + 1) * columns; c++) x[c] /= divisor;
}
