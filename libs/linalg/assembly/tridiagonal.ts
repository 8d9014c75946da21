/**
 * Reduction of a symmetric matrix to tridiagonal form, A = Q T Q^T, by blocks of rows (Dongarra, Sorensen and Hammarling 1989; LATRD of
 * LAPACK), from the last row up, so that every vector is the beginning of a row. Half of the work is a symmetric matrix times a
 * vector, which passes the matrix through the cache once for each row; the other half are products.
 * Entries are of ordinary size: the caller scales.
 */
import { gemm, LOWER } from './gemm';
import { applyBlock, blockFactor, reflection } from './reflectors';
import { axpy, dot } from './vector';

/** Rows that are reduced before the rest is updated. */
const BLOCK: i32 = 32;
/** Reflections that are applied to the basis at once. */
const BASIS_BLOCK: i32 = 64;

/** Doubles of scratch that `tridiagonalize` and `applyBasis` need. */
export function tridiagonalWork(n: i32): i32 {
  return max(BLOCK * n, BASIS_BLOCK * n + 2 * BASIS_BLOCK * BASIS_BLOCK + 2 * BASIS_BLOCK * n);
}

/**
 * Reduces A [n, n], whose lower triangle is read: diagonal [n] and beside [n - 1] of T; the vector of reflection i [i] is left in the
 * beginning of row i of A, its factor in tau [n].
 */
export function tridiagonalize(n: i32, a: usize, diagonal: usize, beside: usize, tau: usize, work: usize): void {
  for (let high = n; high > 0; high -= BLOCK) {
    const low = max(0, high - BLOCK);
    for (let i = high - 1; i >= low; i--) reduceRow(n, a, diagonal, beside, tau, work, high, i);
    // A -= V W^T + W V^T; the rows of V stand in A in descending order.
    const v = a + <usize>(high - 1) * n * 8;
    gemm<f64>(low, low, high - low, true, v, 1, -n, work, n, 1, a, n, LOWER);
    gemm<f64>(low, low, high - low, true, work, 1, n, v, -n, 1, a, n, LOWER);
  }
}

/** Brings row i up to date with the rows high - 1 .. i + 1 of its block, reduces it and computes its w, row high - 1 - i of `work`. */
function reduceRow(n: i32, a: usize, diagonal: usize, beside: usize, tau: usize, work: usize, high: i32, i: i32): void {
  const rowBytes = <usize>n * 8;
  const row = a + <usize>i * rowBytes;
  const earlier = high - 1 - i;
  for (let q = 0; q < earlier; q++) {
    const v = a + <usize>(high - 1 - q) * rowBytes;
    const w = work + <usize>q * rowBytes;
    axpy(i + 1, -load<f64>(v + <usize>i * 8), w, row);
    axpy(i + 1, -load<f64>(w + <usize>i * 8), v, row);
  }
  store<f64>(diagonal + <usize>i * 8, load<f64>(row + <usize>i * 8));
  if (i == 0) return;
  const last = row + <usize>(i - 1) * 8;
  const factor = reflection(i - 1, last, row);
  store<f64>(tau + <usize>i * 8, factor);
  store<f64>(beside + <usize>(i - 1) * 8, load<f64>(last));
  store<f64>(last, 1);
  const w = work + <usize>earlier * rowBytes;
  memory.fill(w, 0, rowBytes);
  if (factor == 0) return;
  symmetricTimes(n, i, a, row, w);
  for (let q = 0; q < earlier; q++) {
    const v = a + <usize>(high - 1 - q) * rowBytes;
    const other = work + <usize>q * rowBytes;
    const alongW = dot(i, other, row);
    const alongV = dot(i, v, row);
    axpy(i, -alongW, v, w);
    axpy(i, -alongV, other, w);
  }
  const half = -0.5 * factor * factor * dot(i, w, row);
  for (let c: usize = 0; c < <usize>i * 8; c += 8) store<f64>(w + c, factor * load<f64>(w + c) + half * load<f64>(row + c));
}

/** y += A x for the leading [size, size] of A, whose lower triangle is read: four rows at a time serve as rows and as columns. */
function symmetricTimes(n: i32, size: i32, a: usize, x: usize, y: usize): void {
  const rowBytes = <usize>n * 8;
  let r = 0;
  for (; r + 4 <= size; r += 4) {
    fourRows(r, a + <usize>r * rowBytes, rowBytes, x, y);
    for (let p = r; p < r + 4; p++) corner(r, p, a + <usize>p * rowBytes, x, y);
  }
  for (; r < size; r++) {
    const row = a + <usize>r * rowBytes;
    const at = <usize>r * 8;
    const across = load<f64>(x + at);
    store<f64>(y + at, load<f64>(y + at) + dot(r, row, x) + load<f64>(row + at) * across);
    axpy(r, across, row, y);
  }
}

/** Row p of A from column r to its diagonal, both ways. */
function corner(r: i32, p: i32, row: usize, x: usize, y: usize): void {
  const at = <usize>p * 8;
  const across = load<f64>(x + at);
  let sum = load<f64>(row + at) * across;
  for (let c = <usize>r * 8; c < at; c += 8) {
    const entry = load<f64>(row + c);
    sum += entry * load<f64>(x + c);
    store<f64>(y + c, load<f64>(y + c) + entry * across);
  }
  store<f64>(y + at, load<f64>(y + at) + sum);
}

/** Four rows of A, their first r columns (r a multiple of four), both ways. */
function fourRows(r: i32, a0: usize, rowBytes: usize, x: usize, y: usize): void {
  const a1 = a0 + rowBytes;
  const a2 = a1 + rowBytes;
  const a3 = a2 + rowBytes;
  const here = <usize>r * 8;
  const x0 = v128.load_splat<f64>(x + here);
  const x1 = v128.load_splat<f64>(x + here, 8);
  const x2 = v128.load_splat<f64>(x + here, 16);
  const x3 = v128.load_splat<f64>(x + here, 24);
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  let s2 = f64x2.splat(0);
  let s3 = f64x2.splat(0);
  for (let c: usize = 0; c < here; c += 16) {
    const xs = v128.load(x + c);
    let ys = v128.load(y + c);
    let entries = v128.load(a0 + c);
    s0 = f64x2.add(s0, f64x2.mul(entries, xs));
    ys = f64x2.add(ys, f64x2.mul(entries, x0));
    entries = v128.load(a1 + c);
    s1 = f64x2.add(s1, f64x2.mul(entries, xs));
    ys = f64x2.add(ys, f64x2.mul(entries, x1));
    entries = v128.load(a2 + c);
    s2 = f64x2.add(s2, f64x2.mul(entries, xs));
    ys = f64x2.add(ys, f64x2.mul(entries, x2));
    entries = v128.load(a3 + c);
    s3 = f64x2.add(s3, f64x2.mul(entries, xs));
    ys = f64x2.add(ys, f64x2.mul(entries, x3));
    v128.store(y + c, ys);
  }
  addTo(y + here, s0);
  addTo(y + here + 8, s1);
  addTo(y + here + 16, s2);
  addTo(y + here + 24, s3);
}

function addTo(at: usize, sums: v128): void {
  store<f64>(at, load<f64>(at) + (f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)));
}

/** Rows of C [rows, n] are vectors c: each becomes Q c. */
export function applyBasis(n: i32, a: usize, tau: usize, rows: i32, c: usize, work: usize): void {
  const t = work + <usize>BASIS_BLOCK * n * 8;
  const square = <usize>(BASIS_BLOCK * BASIS_BLOCK) * 8;
  const rest = t + 2 * square;
  for (let low = 1; low < n; low += BASIS_BLOCK) {
    const high = min(n, low + BASIS_BLOCK);
    const count = high - low;
    const length = high - 1;
    for (let q = 0; q < count; q++) {
      const i = high - 1 - q;
      const row = work + <usize>q * length * 8;
      memory.copy(row, a + <usize>i * n * 8, <usize>i * 8);
      memory.fill(row + <usize>i * 8, 0, <usize>(length - i) * 8);
    }
    reversed(count, tau + <usize>low * 8, rest);
    blockFactor(count, length, work, length, rest, t, t + square);
    applyBlock(rows, length, count, c, n, work, length, t, true, rest);
  }
}

/** Copies x [count] back to front. */
function reversed(count: i32, x: usize, out: usize): void {
  for (let i = 0; i < count; i++) store<f64>(out + <usize>(count - 1 - i) * 8, load<f64>(x + <usize>i * 8));
}
