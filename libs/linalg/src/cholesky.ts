/**
 * Cholesky factorisation of symmetric positive definite matrices: A = L L^T with L lower triangular, and what it gives for free,
 * solves and log-determinants. Left-looking by 4 x 4 tiles: what is subtracted from an entry is an inner product of two rows of L
 * (Golub and Van Loan, "Matrix Computations", 4th ed., section 4.2.5).
 */
import { NotPositiveDefiniteError } from './errors.ts';
import { requireMatrix } from './require-matrix.ts';
import { newTile, tileProducts, tileSize } from './tile.ts';

/**
 * The lower factor L [n, n] of a, zeros above the diagonal; a new array. Reads the lower triangle of a only. O(n^3 / 6) multiply-adds.
 * @throws {ShapeError} when a is not [n, n]
 * @throws {NotPositiveDefiniteError} when a pivot is not positive and finite
 */
export function cholesky(a: Float64Array, n: number): Float64Array {
  return choleskyFor('cholesky', a, n);
}

/** As cholesky, with errors that name the operation which asked for the factor. */
export function choleskyFor(operation: string, a: Float64Array, n: number): Float64Array {
  requireMatrix(operation, 'a', a, [n, n]);
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

/**
 * Solves L L^T X = B for X [n, columns], a new array. O(n^2 columns).
 * @throws {ShapeError} when l is not [n, n] or b not [n, columns]
 */
export function choleskySolve(l: Float64Array, n: number, b: Float64Array, columns: number): Float64Array {
  requireMatrix('choleskySolve', 'l', l, [n, n]);
  requireMatrix('choleskySolve', 'b', b, [n, columns]);
  const x = b.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) subtractRow(x, columns, i, k, l[i * n + k]);
    divideRow(x, columns, i, l[i * n + i]);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) subtractRow(x, columns, i, k, l[k * n + i]);
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

/** The natural logarithm of det(L L^T) = 2 sum ln l_ii. @throws {ShapeError} when l is not [n, n] */
export function logDetFromCholesky(l: Float64Array, n: number): number {
  requireMatrix('logDetFromCholesky', 'l', l, [n, n]);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.log(l[i * (n + 1)]);
  return 2 * sum;
}
