/**
 * Cholesky factorisation A = L L^T by recursion on columns (Elmroth and Gustavson 1998), so that nearly all work is in products.
 * Every entry obeys the same formula as the plain version, l_ij = (a_ij - sum over k < j of l_ik l_jk) / l_jj with one sum in
 * ascending k: what is still to come of L holds the sums so far.
 */
import { gemm, LOWER } from './gemm';

/** Columns that are factored entry by entry. */
const BASE: i32 = 4;

/**
 * L [n, n] of A [n, n], whose lower triangle is read; both row-major without gaps. The lower triangle of L must come filled with
 * zeros; entries above its diagonal hold garbage afterwards. Answers -1, or the row of the first pivot that is not positive and
 * finite, which is left at that diagonal.
 */
export function cholesky<T>(n: i32, a: usize, l: usize): i32 {
  return columns<T>(n, a, l, 0, n);
}

function columns<T>(n: i32, a: usize, l: usize, from: i32, to: i32): i32 {
  if (to - from <= BASE) return baseColumns<T>(n, a, l, from, to);
  const middle = from + ((((to - from) >> 1) + BASE - 1) & ~(BASE - 1));
  const broken = columns<T>(n, a, l, from, middle);
  if (broken >= 0) return broken;
  const below = l + (<usize>middle * n + from) * sizeof<T>();
  const corner = below + <usize>(middle - from) * sizeof<T>();
  gemm<T>(n - middle, to - middle, middle - from, false, below, n, 1, below, 1, n, corner, n, LOWER);
  return columns<T>(n, a, l, middle, to);
}

function baseColumns<T>(n: i32, a: usize, l: usize, from: i32, to: i32): i32 {
  const size = sizeof<T>();
  const rowBytes = <usize>n * size;
  for (let i = from; i < n; i++) {
    const aRow = a + <usize>i * rowBytes;
    const lRow = l + <usize>i * rowBytes;
    for (let j = from; j < to && j <= i; j++) {
      const across = l + <usize>j * rowBytes;
      let sum = load<T>(lRow + <usize>j * size);
      for (let k = from; k < j; k++) sum += load<T>(lRow + <usize>k * size) * load<T>(across + <usize>k * size);
      const rest = <T>(load<T>(aRow + <usize>j * size) - sum);
      if (j < i) {
        store<T>(lRow + <usize>j * size, rest / load<T>(across + <usize>j * size));
      } else if (rest > <T>0 && rest < <T>Infinity) {
        store<T>(lRow + <usize>j * size, sqrt<T>(rest));
      } else {
        store<T>(lRow + <usize>j * size, rest);
        return i;
      }
    }
  }
  return -1;
}
