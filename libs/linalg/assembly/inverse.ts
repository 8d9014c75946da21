/**
 * The inverse of a symmetric positive definite matrix: with T = L^-1, A^-1 = T^T T, each entry one sum in ascending k.
 */
import { cholesky } from './cholesky';
import { gemm, LOWER } from './gemm';
import { forwardSolve } from './triangular';

/** Rows of T that share one width when its zeros are skipped. */
const STAIR: i32 = 64;

/**
 * Overwrites A [n, n], whose lower triangle is read, with its inverse, exactly symmetric. L and T [n, n] are scratch and must come
 * filled with zeros, L in its lower triangle. Answers as `cholesky` does; A is left alone where that fails.
 */
export function spdInverse<T>(n: i32, a: usize, l: usize, t: usize): i32 {
  const broken = cholesky<T>(n, a, l);
  if (broken >= 0) return broken;
  const size = sizeof<T>();
  for (let i = 0; i < n; i++) store<T>(t + <usize>i * (n + 1) * size, <T>1);
  forwardSolve<T>(n, l, t, n, true);
  memory.fill(a, 0, <usize>n * n * size);
  for (let k = 0; k < n; k += STAIR) {
    const end = min(n, k + STAIR);
    const rows = t + <usize>k * n * size;
    gemm<T>(end, end, end - k, false, rows, 1, n, rows, n, 1, a, n, LOWER);
  }
  mirrorLower<T>(n, a);
  return -1;
}

/** Writes the lower triangle over the upper one, by squares that fit the cache. */
export function mirrorLower<T>(n: i32, a: usize): void {
  const size = sizeof<T>();
  for (let top = 0; top < n; top += 16) {
    for (let left = 0; left <= top; left += 16) {
      for (let i = top; i < min(n, top + 16); i++) {
        for (let j = left; j < min(i, left + 16); j++) {
          store<T>(a + (<usize>j * n + i) * size, load<T>(a + (<usize>i * n + j) * size));
        }
      }
    }
  }
}
