/**
 * Solves with a lower triangular L [n, n], in place, by recursion on rows. Each entry of the solution is one chain: the right-hand
 * side, minus products in ascending k (forward) or descending k (backward), divided by the diagonal.
 * Right-hand sides X are row-major without gaps.
 */
import { FULL, gemm } from './gemm';

/** Rows that are solved one after the other. */
const BASE: i32 = 8;
/** Rows of a triangle that share one width when its zeros are skipped. */
const STAIR: i32 = 64;

/**
 * X [n, columns] <- L^-1 X. With `triangular`, X is lower triangular before and after and has n columns; its zeros are skipped, which
 * changes no bits.
 */
export function forwardSolve<T>(n: i32, l: usize, x: usize, columns: i32, triangular: bool): void {
  forwardRows<T>(n, l, x, columns, triangular, 0, n);
}

function forwardRows<T>(n: i32, l: usize, x: usize, columns: i32, triangular: bool, from: i32, to: i32): void {
  if (to - from <= BASE) {
    for (let i = from; i < to; i++) {
      const width = triangular ? i + 1 : columns;
      for (let k = from; k < i; k++) subtractRow<T>(n, l, x, columns, width, i, k, i, k);
      divideRow<T>(n, l, x, columns, width, i);
    }
    return;
  }
  const middle = from + ((((to - from) >> 1) + BASE - 1) & ~(BASE - 1));
  forwardRows<T>(n, l, x, columns, triangular, from, middle);
  const size = sizeof<T>();
  const target = x + <usize>middle * columns * size;
  for (let k = from; k < middle; k += triangular ? STAIR : middle - from) {
    const end = triangular ? min(middle, k + STAIR) : middle;
    const width = triangular ? end : columns;
    const factor = l + (<usize>middle * n + k) * size;
    gemm<T>(to - middle, width, end - k, true, factor, n, 1, x + <usize>k * columns * size, columns, 1, target, columns, FULL);
  }
  forwardRows<T>(n, l, x, columns, triangular, middle, to);
}

/** X [n, columns] <- L^-T X. */
export function backwardSolve<T>(n: i32, l: usize, x: usize, columns: i32): void {
  backwardRows<T>(n, l, x, columns, 0, n);
}

function backwardRows<T>(n: i32, l: usize, x: usize, columns: i32, from: i32, to: i32): void {
  if (to - from <= BASE) {
    for (let i = to - 1; i >= from; i--) {
      for (let k = to - 1; k > i; k--) subtractRow<T>(n, l, x, columns, columns, i, k, k, i);
      divideRow<T>(n, l, x, columns, columns, i);
    }
    return;
  }
  const middle = from + ((((to - from) >> 1) + BASE - 1) & ~(BASE - 1));
  backwardRows<T>(n, l, x, columns, middle, to);
  const size = sizeof<T>();
  const factor = l + (<usize>(to - 1) * n + from) * size;
  const source = x + <usize>(to - 1) * columns * size;
  gemm<T>(middle - from, columns, to - middle, true, factor, 1, -n, source, -columns, 1, x + <usize>from * columns * size, columns, FULL);
  backwardRows<T>(n, l, x, columns, from, middle);
}

/** Row `target` of X -= l[i, j] times row `source`, the first `width` columns. */
function subtractRow<T>(n: i32, l: usize, x: usize, columns: i32, width: i32, target: i32, source: i32, i: i32, j: i32): void {
  const size = sizeof<T>();
  const factor = load<T>(l + (<usize>i * n + j) * size);
  const factors = v128.splat<T>(factor);
  let to = x + <usize>target * columns * size;
  let from = x + <usize>source * columns * size;
  const end = to + <usize>width * size;
  for (; to + 16 <= end; to += 16, from += 16) v128.store(to, v128.sub<T>(v128.load(to), v128.mul<T>(factors, v128.load(from))));
  for (; to < end; to += size, from += size) store<T>(to, load<T>(to) - factor * load<T>(from));
}

/** Row i of X /= l[i, i], the first `width` columns. */
function divideRow<T>(n: i32, l: usize, x: usize, columns: i32, width: i32, i: i32): void {
  const size = sizeof<T>();
  const divisor = load<T>(l + (<usize>i * n + i) * size);
  const divisors = v128.splat<T>(divisor);
  let at = x + <usize>i * columns * size;
  const end = at + <usize>width * size;
  for (; at + 16 <= end; at += 16) v128.store(at, v128.div<T>(v128.load(at), divisors));
  for (; at < end; at += size) store<T>(at, load<T>(at) / divisor);
}
