/**
 * Cholesky factorisation A = L L^T of symmetric positive definite matrices, and what follows from it. float64, row-major.
 * Work runs over 4 x 4 tiles of row dot products; sizes that are no multiple of 4 are bordered by an identity, which changes nothing.
 */
import { NotPositiveDefiniteError } from './errors.ts';
import { checkSize } from './matrix.ts';
import { rowDots, tileSize } from './row-dots.ts';

/** L [n, n], lower triangular, of the lower triangle of a. O(n^3 / 3). @throws {NotPositiveDefiniteError} naming the pivot */
export function cholesky(a: ArrayLike<number>, n: number): Float64Array {
  checkSize('cholesky', a, n * n);
  const stride = roundUp(n);
  return crop(factor(border(a, n, stride), stride), stride, n);
}

/** x [n, columns] with L L^T x = b, given L. O(n^2 columns). */
export function choleskySolve(l: ArrayLike<number>, n: number, b: ArrayLike<number>, columns: number): Float64Array {
  checkSize('choleskySolve: factor', l, n * n);
  checkSize('choleskySolve: right-hand side', b, n * columns);
  const x = Float64Array.from(b);
  const eliminate = (i: number, k: number, weight: number): void => {
    for (let c = 0; c < columns; c++) x[i * columns + c] -= weight * x[k * columns + c];
  };
  const divide = (i: number): void => {
    for (let c = 0; c < columns; c++) x[i * columns + c] /= l[i * n + i];
  };
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) eliminate(i, k, l[i * n + k]);
    divide(i);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) eliminate(i, k, l[k * n + i]);
    divide(i);
  }
  return x;
}

/** A^-1 [n, n], exactly symmetric, of a symmetric positive definite A. O(n^3). @throws {NotPositiveDefiniteError} naming the pivot */
export function spdInverse(a: ArrayLike<number>, n: number): Float64Array {
  checkSize('spdInverse', a, n * n);
  const stride = roundUp(n);
  const upper = inverseTransposed(factor(border(a, n, stride), stride), stride);
  return crop(gram(upper, stride), stride, n);
}

/** log det A = 2 sum log L_ii. */
export function logDetFromCholesky(l: ArrayLike<number>, n: number): number {
  checkSize('logDetFromCholesky', l, n * n);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.log(l[i * n + i]);
  return 2 * sum;
}

/** Overwrites the lower triangle by L and the rest by zeros; n is a multiple of 4. */
function factor(l: Float64Array, n: number): Float64Array {
  const tile = new Float64Array(tileSize * tileSize);
  for (let row = 0; row < n; row += tileSize) {
    for (let column = 0; column <= row; column += tileSize) {
      rowDots(tile, l, l, { pRow: row, qRow: column, stride: n, from: 0, to: column });
      for (let r = 0; r < tileSize; r++) {
        const i = row + r;
        const last = Math.min(column + tileSize - 1, i);
        for (let j = column; j <= last; j++) {
          let value = l[i * n + j] - tile[r * tileSize + j - column];
          for (let k = column; k < j; k++) value -= l[i * n + k] * l[j * n + k];
          if (i > j) l[i * n + j] = value / l[j * n + j];
          else if (value > 0) l[i * n + i] = Math.sqrt(value);
          else throw new NotPositiveDefiniteError('cholesky', i, value);
        }
      }
    }
  }
  for (let i = 0; i < n; i++) l.fill(0, i * n + i + 1, (i + 1) * n);
  return l;
}

/** L^-T, upper triangular: its row j is column j of L^-1, so that rows stay contiguous. */
function inverseTransposed(l: Float64Array, n: number): Float64Array {
  const upper = new Float64Array(n * n);
  const tile = new Float64Array(tileSize * tileSize);
  for (let row = 0; row < n; row += tileSize) {
    for (let column = 0; column <= row; column += tileSize) {
      rowDots(tile, l, upper, { pRow: row, qRow: column, stride: n, from: column, to: row });
      for (let c = 0; c < tileSize; c++) {
        const j = column + c;
        for (let i = Math.max(row, j); i < row + tileSize; i++) {
          let value = (i === j ? 1 : 0) - tile[(i - row) * tileSize + c];
          for (let k = row; k < i; k++) value -= l[i * n + k] * upper[j * n + k];
          upper[j * n + i] = value / l[i * n + i];
        }
      }
    }
  }
  return upper;
}

/** U U^T of an upper triangular U. */
function gram(upper: Float64Array, n: number): Float64Array {
  const product = new Float64Array(n * n);
  const tile = new Float64Array(tileSize * tileSize);
  for (let row = 0; row < n; row += tileSize) {
    for (let column = 0; column <= row; column += tileSize) {
      rowDots(tile, upper, upper, { pRow: row, qRow: column, stride: n, from: row, to: n });
      for (let r = 0; r < tileSize; r++) {
        for (let c = 0; c < tileSize; c++) {
          if (column + c > row + r) continue;
          product[(row + r) * n + column + c] = tile[r * tileSize + c];
          product[(column + c) * n + row + r] = tile[r * tileSize + c];
        }
      }
    }
  }
  return product;
}

function roundUp(n: number): number {
  return Math.ceil(n / tileSize) * tileSize;
}

/** a [n, n] in the corner of an identity [stride, stride]. */
function border(a: ArrayLike<number>, n: number, stride: number): Float64Array {
  const out = new Float64Array(stride * stride);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) out[i * stride + j] = a[i * n + j];
  for (let i = n; i < stride; i++) out[i * stride + i] = 1;
  return out;
}

function crop(a: Float64Array, stride: number, n: number): Float64Array {
  if (stride === n) return a;
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) out.set(a.subarray(i * stride, i * stride + n), i * n);
  return out;
}
