/**
 * Eigenvalues and eigenvectors of a symmetric tridiagonal matrix by QL iterations with implicit Wilkinson shifts
 * (Dubrulle, Martin and Wilkinson 1968; procedure tql2 of EISPACK). Eigenvectors are rows here, so that a rotation runs along memory.
 */
import { ConvergenceError } from './errors.ts';

/** More than any matrix has been seen to need for one eigenvalue. */
const mostIterations = 60;

/**
 * Diagonalises in place: `diagonal` [n] becomes the eigenvalues, unordered; `beside` [n - 1] vanishes; `rows` [n, n] = Q^T becomes the
 * eigenvectors as rows. O(3 n^3).
 * @throws {ConvergenceError} when the input is not finite
 */
export function implicitQl(diagonal: Float64Array, beside: Float64Array, rows: Float64Array): void {
  const n = diagonal.length;
  for (let first = 0; first < n; first++) {
    for (let iteration = 0; ; iteration++) {
      const last = endOfBlock(diagonal, beside, first);
      if (last === first) break;
      if (iteration === mostIterations) throw new ConvergenceError('symmetricEigen', mostIterations);
      sweep({ diagonal, beside, rows }, first, last);
    }
  }
}

/** The last index of the unreduced block that starts at `first`: where the entry beside is negligible against its neighbours. */
function endOfBlock(diagonal: Float64Array, beside: Float64Array, first: number): number {
  let last = first;
  while (last < beside.length && Math.abs(beside[last]) > Number.EPSILON * (Math.abs(diagonal[last]) + Math.abs(diagonal[last + 1]))) last++;
  return last;
}

interface Work {
  readonly diagonal: Float64Array;
  readonly beside: Float64Array;
  readonly rows: Float64Array;
}

/** One implicit QL step on the block first..last: a rotation at the bottom brings in the shift, the others chase the bulge upwards. */
function sweep({ diagonal, beside, rows }: Work, first: number, last: number): void {
  const n = diagonal.length;
  let g = diagonal[last] - wilkinsonShift(diagonal[first], diagonal[first + 1], beside[first]);
  let sine = 1;
  let cosine = 1;
  let shifted = 0;
  for (let i = last - 1; i >= first; i--) {
    const f = sine * beside[i];
    const b = cosine * beside[i];
    const radius = Math.hypot(f, g);
    if (i + 1 < last) beside[i + 1] = radius;
    if (radius === 0) {
      // The block splits here: what was gathered so far is settled, the next step starts afresh.
      diagonal[i + 1] -= shifted;
      return;
    }
    sine = f / radius;
    cosine = g / radius;
    const base = diagonal[i + 1] - shifted;
    const change = (diagonal[i] - base) * sine + 2 * cosine * b;
    shifted = sine * change;
    diagonal[i + 1] = base + shifted;
    g = cosine * change - b;
    rotateRows(rows, n, i, cosine, sine);
  }
  diagonal[first] -= shifted;
  beside[first] = g;
}

/** The eigenvalue of [[top, beside], [beside, next]] that is nearer to top. */
function wilkinsonShift(top: number, next: number, beside: number): number {
  const half = (next - top) / (2 * beside);
  const root = Math.hypot(half, 1);
  return top - beside / (half + (half < 0 ? -root : root));
}

/** Rotates rows i and i + 1. */
function rotateRows(rows: Float64Array, n: number, i: number, cosine: number, sine: number): void {
  for (let upper = i * n, lower = upper + n; upper < (i + 1) * n; upper++, lower++) {
    const [x, y] = [rows[upper], rows[lower]];
    rows[lower] = sine * x + cosine * y;
    rows[upper] = cosine * x - sine * y;
  }
}
