/**
 * The inner kernel of the factorisations: sixteen dot products of four rows with four rows, held in registers.
 * Rows are contiguous, so that both operands are read in order.
 */

/** Rows and columns of a tile. */
export const tileSize = 4;

/** tile[r, c] = sum over k in [from, to) of p[pRow + r, k] q[qRow + c, k]; both matrices have `stride` columns; tile is [4, 4]. */
export function rowDots(
  tile: Float64Array,
  p: Float64Array,
  q: Float64Array,
  at: { pRow: number; qRow: number; stride: number; from: number; to: number },
): void {
  const { pRow, qRow, stride, from, to } = at;
  let [t00, t01, t02, t03, t10, t11, t12, t13] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [t20, t21, t22, t23, t30, t31, t32, t33] = [0, 0, 0, 0, 0, 0, 0, 0];
  const p0 = pRow * stride;
  const q0 = qRow * stride;
  const [p1, p2, p3] = [p0 + stride, p0 + 2 * stride, p0 + 3 * stride];
  const [q1, q2, q3] = [q0 + stride, q0 + 2 * stride, q0 + 3 * stride];
  for (let k = from; k < to; k++) {
    const [b0, b1, b2, b3] = [q[q0 + k], q[q1 + k], q[q2 + k], q[q3 + k]];
    let a = p[p0 + k];
    t00 += a * b0;
    t01 += a * b1;
    t02 += a * b2;
    t03 += a * b3;
    a = p[p1 + k];
    t10 += a * b0;
    t11 += a * b1;
    t12 += a * b2;
    t13 += a * b3;
    a = p[p2 + k];
    t20 += a * b0;
    t21 += a * b1;
    t22 += a * b2;
    t23 += a * b3;
    a = p[p3 + k];
    t30 += a * b0;
    t31 += a * b1;
    t32 += a * b2;
    t33 += a * b3;
  }
  tile[0] = t00;
  tile[1] = t01;
  tile[2] = t02;
  tile[3] = t03;
  tile[4] = t10;
  tile[5] = t11;
  tile[6] = t12;
  tile[7] = t13;
  tile[8] = t20;
  tile[9] = t21;
  tile[10] = t22;
  tile[11] = t23;
  tile[12] = t30;
  tile[13] = t31;
  tile[14] = t32;
  tile[15] = t33;
}
