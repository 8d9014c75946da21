/**
 * The one inner kernel of this library: inner products of rows of a with rows of b, sixteen at a time in registers.
 * Rows are contiguous, so both operands stream; matmul, Cholesky and the SPD inverse are all built of such products.
 * Every entry is one sum in ascending k, so results do not depend on how the caller tiles.
 * Symbols: row i of a is a[i * width + k], row j of b is b[j * width + k].
 */

/** Rows of either side in one tile. */
export const tileSize = 4;

/** A scratch tile of inner products, [4, 4] row-major. */
export function newTile(): Float64Array {
  return new Float64Array(tileSize * tileSize);
}

/** Which products: `rows` rows of a from `i`, `columns` rows of b from `j` (each at most 4), summed over from <= k < to. */
export interface TileRange {
  i: number;
  rows: number;
  j: number;
  columns: number;
  from: number;
  to: number;
}

/** tile[p, q] = sum over k of a[i + p, k] b[j + q, k]; both matrices have rows of `width` entries. */
export function tileProducts(a: Float64Array, b: Float64Array, width: number, range: Readonly<TileRange>, tile: Float64Array): void {
  const { i, rows, j, columns, from, to } = range;
  if (rows === tileSize && columns === tileSize) return fullTile(a, i * width, b, j * width, width, from, to, tile);
  for (let p = 0; p < rows; p++) {
    const aRow = (i + p) * width;
    for (let q = 0; q < columns; q++) {
      const bRow = (j + q) * width;
      let sum = 0;
      for (let k = from; k < to; k++) sum += a[aRow + k] * b[bRow + k];
      tile[p * tileSize + q] = sum;
    }
  }
}

// Positional and unrolled by hand: sixteen local sums are what the compiler keeps in registers.
function fullTile(
  a: Float64Array,
  a0: number,
  b: Float64Array,
  b0: number,
  width: number,
  from: number,
  to: number,
  tile: Float64Array,
): void {
  const [a1, a2, a3] = [a0 + width, a0 + 2 * width, a0 + 3 * width];
  const [b1, b2, b3] = [b0 + width, b0 + 2 * width, b0 + 3 * width];
  let [s00, s10, s20, s30] = [0, 0, 0, 0];
  let [s01, s11, s21, s31] = [0, 0, 0, 0];
  let [s02, s12, s22, s32] = [0, 0, 0, 0];
  let [s03, s13, s23, s33] = [0, 0, 0, 0];
  for (let k = from; k < to; k++) {
    const x0 = a[a0 + k];
    const x1 = a[a1 + k];
    const x2 = a[a2 + k];
    const x3 = a[a3 + k];
    let y = b[b0 + k];
    s00 += x0 * y;
    s10 += x1 * y;
    s20 += x2 * y;
    s30 += x3 * y;
    y = b[b1 + k];
    s01 += x0 * y;
    s11 += x1 * y;
    s21 += x2 * y;
    s31 += x3 * y;
    y = b[b2 + k];
    s02 += x0 * y;
    s12 += x1 * y;
    s22 += x2 * y;
    s32 += x3 * y;
    y = b[b3 + k];
    s03 += x0 * y;
    s13 += x1 * y;
    s23 += x2 * y;
    s33 += x3 * y;
  }
  storeTile(tile, 0, s00, s01, s02, s03);
  storeTile(tile, 4, s10, s11, s12, s13);
  storeTile(tile, 8, s20, s21, s22, s23);
  storeTile(tile, 12, s30, s31, s32, s33);
}

function storeTile(tile: Float64Array, at: number, s0: number, s1: number, s2: number, s3: number): void {
  tile[at] = s0;
  tile[at + 1] = s1;
  tile[at + 2] = s2;
  tile[at + 3] = s3;
}
