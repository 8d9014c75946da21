/**
 * The inverse of a symmetric positive definite matrix by its Cholesky factor: with T = L^-1, A^-1 = T^T T.
 * T is kept as its transpose U = T^T (upper triangular), so that every step is an inner product of contiguous rows.
 */
import { cholesky } from './cholesky.ts';
import { newTile, tileProducts, tileSize } from './tile.ts';

/** The inverse [n, n] of a, exactly symmetric; a new array. O(n^3 / 2) multiply-adds, two temporaries. */
export function spdInverse(a: Float64Array, n: number): Float64Array {
  return gramOfUpper(inverseTransposed(cholesky('spdInverse', a, n), n), n);
}

/** U = L^-T. Column j of L^-1, which is row j of U, solves L t = e_j by forward substitution, four columns at a time. */
function inverseTransposed(l: Float64Array, n: number): Float64Array {
  const u = new Float64Array(n * n);
  const tile = newTile();
  for (let i = 0; i < n; i += tileSize) {
    const rows = Math.min(tileSize, n - i);
    for (let j = 0; j <= i; j += tileSize) {
      const columns = Math.min(tileSize, n - j);
      tileProducts(l, u, n, { i, rows, j, columns, from: j, to: i }, tile);
      for (let p = 0; p < rows; p++)
        for (let q = 0; q < columns && j + q <= i + p; q++) {
          let sum = tile[p * tileSize + q];
          for (let k = i; k < i + p; k++) sum += l[(i + p) * n + k] * u[(j + q) * n + k];
          u[(j + q) * n + i + p] = ((i + p === j + q ? 1 : 0) - sum) / l[(i + p) * (n + 1)];
        }
    }
  }
  return u;
}

/** U U^T of an upper triangular U: row i is zero before its diagonal, so the sums start at the later diagonal of the two. */
function gramOfUpper(u: Float64Array, n: number): Float64Array {
  const gram = new Float64Array(n * n);
  const tile = newTile();
  for (let i = 0; i < n; i += tileSize) {
    const rows = Math.min(tileSize, n - i);
    for (let j = 0; j <= i; j += tileSize) {
      const columns = Math.min(tileSize, n - j);
      tileProducts(u, u, n, { i, rows, j, columns, from: i, to: n }, tile);
      for (let p = 0; p < rows; p++)
        for (let q = 0; q < columns && j + q <= i + p; q++) {
          gram[(i + p) * n + j + q] = tile[p * tileSize + q];
          gram[(j + q) * n + i + p] = tile[p * tileSize + q];
        }
    }
  }
  return gram;
}
