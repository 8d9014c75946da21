/**
 * Dense products in float64. Each entry is one sum in ascending k, the same bits as the three-loop definition.
 */
import type { MatmulOptions } from '../backend.ts';
import { transpose } from '../matrix.ts';
import { newTile, tileProducts, tileSize } from './tile.ts';

/** Rows of op(b)^T that stay in the second-level cache while all of a passes by. */
const panel = 64;

/** The product op(a) op(b) [m, n], a new array. O(m k n), about 2.4e9 multiply-adds a second; transposed copies where needed. */
export function matmul(a: Float64Array, b: Float64Array, options: MatmulOptions): Float64Array {
  const { m, k, n, transposeA = false, transposeB = false } = options;
  const aMK = transposeA ? transpose(a, k, m) : a;
  const bNK = transposeB ? b : transpose(b, k, n);
  const product = new Float64Array(m * n);
  const tile = newTile();
  const range = { i: 0, rows: 0, j: 0, columns: 0, from: 0, to: k };
  for (let first = 0; first < n; first += panel) {
    const last = Math.min(first + panel, n);
    for (range.i = 0; range.i < m; range.i += tileSize) {
      range.rows = Math.min(tileSize, m - range.i);
      for (range.j = first; range.j < last; range.j += tileSize) {
        range.columns = Math.min(tileSize, last - range.j);
        tileProducts(aMK, bNK, k, range, tile);
        for (let p = 0; p < range.rows; p++)
          for (let q = 0; q < range.columns; q++) product[(range.i + p) * n + range.j + q] = tile[p * tileSize + q];
      }
    }
  }
  return product;
}
