/** What the module exports: each kernel for doubles (64) and floats (32). Pointers are byte offsets into the module's memory. */
import { cholesky } from './cholesky';
import { gemm } from './gemm';
import { spdInverse } from './inverse';
import { backwardSolve, forwardSolve } from './triangular';
import { arena } from './workspace';

/** The first byte of memory that callers may hand out. */
export function arenaBase(): usize {
  return arena;
}

// prettier-ignore
export function gemm64(
  m: i32, n: i32, k: i32, negate: bool, a: usize, aRow: i32, aColumn: i32, b: usize, bRow: i32, bColumn: i32, c: usize, cRow: i32, part: i32,
): void {
  gemm<f64>(m, n, k, negate, a, aRow, aColumn, b, bRow, bColumn, c, cRow, part);
}

export function cholesky64(n: i32, a: usize, l: usize): i32 {
  return cholesky<f64>(n, a, l);
}

export function forwardSolve64(n: i32, l: usize, x: usize, columns: i32, triangular: bool): void {
  forwardSolve<f64>(n, l, x, columns, triangular);
}

export function backwardSolve64(n: i32, l: usize, x: usize, columns: i32): void {
  backwardSolve<f64>(n, l, x, columns);
}

export function spdInverse64(n: i32, a: usize, l: usize, t: usize): i32 {
  return spdInverse<f64>(n, a, l, t);
}

export function spdInverse32(n: i32, a: usize, l: usize, t: usize): i32 {
  return spdInverse<f32>(n, a, l, t);
}

export { qrBasis, qrFactor, qrWork } from './qr';
export { applyBasis, tridiagonalize, tridiagonalWork } from './tridiagonal';
