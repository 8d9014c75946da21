/**
 * Cholesky factorisation of symmetric positive definite matrices, A = L L^T with L lower triangular. Left-looking by 4 x 4 tiles:
 * what is subtracted from an entry is an inner product of two rows of L (Golub and Van Loan, "Matrix Computations", 4th ed., 4.2.5).
 */
import { NotPositiveDefiniteError } from '../errors.ts';
import { newTile, tileProducts, tileSize } from './tile.ts';

/** The lower factor L [n, n] of a, zeros above the diagonal; a new array. `operation` names who asks, for errors. O(n^3 / 6) multiply-adds. */
export function cholesky(operation: string, a: Float64Array, n: number): Float64Array {
  const l = new Float64Array(n * n);
  const tile = newTile();
  for (let i = 0; i < n; i += tileSize) {
    const rows = Math.min(tileSize, n - i);
    for (let j = 0; j <= i; j += tileSize) {
      const columns = Math.min(tileSize, n - j);
      tileProducts(l, l, n, { i, rows, j, columns, from: 0, to: j }, tile);
      for (let p = 0; p < rows; p++) finishRow(operation, { a, l, n, row: i + p, j, columns }, tile.subarray(p * tileSize));
    }
  }
  return l;
}

interface RowOfTile {
  readonly a: Float64Array;
  readonly l: Float64Array;
  readonly n: number;
  readonly row: number;
  readonly j: number;
  readonly columns: number;
}

/** Finishes one row of a tile: `sums` holds what columns before j subtract, the columns inside the tile follow here. */
function finishRow(operation: string, { a, l, n, row, j, columns }: RowOfTile, sums: Float64Array): void {
  for (let q = 0; q < columns && j + q <= row; q++) {
    const column = j + q;
    let sum = sums[q];
    for (let k = j; k < column; k++) sum += l[row * n + k] * l[column * n + k];
    const rest = a[row * n + column] - sum;
    if (column < row) l[row * n + column] = rest / l[column * n + column];
    else if (rest > 0 && rest < Infinity) l[row * n + row] = Math.sqrt(rest);
    else throw new NotPositiveDefiniteError(operation, row, rest);
  }
}
