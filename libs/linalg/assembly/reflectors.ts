/**
 * Householder reflections I - tau v v^T, singly and in blocks: the product H_0 H_1 ... of reflections is I - Y T Y^T with their vectors
 * as columns of Y and T upper triangular (compact WY, Schreiber and Van Loan 1989). Vectors are kept as the rows of V = Y^T.
 */
import { FULL, gemm } from './gemm';
import { dot, scale } from './vector';

/**
 * The reflection that maps (alpha, x) to (beta, 0), alpha at `alpha` and x [n] contiguous elsewhere. Writes beta over alpha and the rest
 * of v over x, its entry at alpha being one; answers tau, zero when x is zero already. Entries are of ordinary size: squares are not guarded.
 */
export function reflection(n: i32, alpha: usize, x: usize): f64 {
  const square = dot(n, x, x);
  if (square == 0) return 0;
  const first = load<f64>(alpha);
  const norm = sqrt(first * first + square);
  const beta = first > 0 ? -norm : norm;
  scale(n, 1 / (first - beta), x);
  store<f64>(alpha, beta);
  return (beta - first) / beta;
}

/** T [count, count] of the reflections with vectors V [count, length] and factors tau [count]; `gram` is scratch [count, count]. */
export function blockFactor(count: i32, length: i32, v: usize, vRow: i32, tau: usize, t: usize, gram: usize): void {
  const bytes = <usize>count * count * 8;
  memory.fill(t, 0, bytes);
  memory.fill(gram, 0, bytes);
  gemm<f64>(count, count, length, false, v, vRow, 1, v, 1, vRow, gram, count, FULL);
  for (let j = 0; j < count; j++) {
    const factor = load<f64>(tau + <usize>j * 8);
    store<f64>(t + <usize>j * (count + 1) * 8, factor);
    for (let i = 0; i < j; i++) {
      let sum: f64 = 0;
      for (let k = i; k < j; k++) sum += load<f64>(t + (<usize>i * count + k) * 8) * load<f64>(gram + (<usize>k * count + j) * 8);
      store<f64>(t + (<usize>i * count + j) * 8, -factor * sum);
    }
  }
}

/**
 * Rows of C [rows, length] are vectors c: each becomes (I - Y T^T Y^T) c, or with `forward` (I - Y T Y^T) c, the product of the
 * reflections itself. `work` is scratch [2, rows, count].
 */
export function applyBlock(
  rows: i32,
  length: i32,
  count: i32,
  c: usize,
  cRow: i32,
  v: usize,
  vRow: i32,
  t: usize,
  forward: bool,
  work: usize,
): void {
  const bytes = <usize>rows * count * 8;
  const projected = work + bytes;
  memory.fill(work, 0, 2 * bytes);
  gemm<f64>(rows, count, length, false, c, cRow, 1, v, 1, vRow, work, count, FULL);
  const tRow: i32 = forward ? 1 : count;
  const tColumn: i32 = forward ? count : 1;
  gemm<f64>(rows, count, count, false, work, count, 1, t, tRow, tColumn, projected, count, FULL);
  gemm<f64>(rows, length, count, true, projected, count, 1, v, vRow, 1, c, cRow, FULL);
}

/**
 * Columns of C [length, columns] are vectors c, treated as by `applyBlock`; V [count, length] without gaps. C is zero outside its rows
 * first..last. `work` is scratch [2, count, columns].
 */
export function applyBlockToColumns(
  columns: i32,
  length: i32,
  count: i32,
  c: usize,
  cRow: i32,
  v: usize,
  t: usize,
  forward: bool,
  first: i32,
  last: i32,
  work: usize,
): void {
  if (columns <= 0) return;
  const bytes = <usize>count * columns * 8;
  const projected = work + bytes;
  memory.fill(work, 0, 2 * bytes);
  const tRow: i32 = forward ? count : 1;
  const tColumn: i32 = forward ? 1 : count;
  const there = c + <usize>first * cRow * 8;
  gemm<f64>(count, columns, last - first, false, v + <usize>first * 8, length, 1, there, cRow, 1, work, columns, FULL);
  gemm<f64>(count, columns, count, false, t, tRow, tColumn, work, columns, 1, projected, columns, FULL);
  gemm<f64>(length, columns, count, true, v, 1, length, projected, columns, 1, c, cRow, FULL);
}
