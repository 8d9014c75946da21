/**
 * Eigenvalues of a symmetric tridiagonal matrix by QL iterations with implicit Wilkinson shifts (Dubrulle, Martin and Wilkinson 1968;
 * procedure tql2 of EISPACK). The iteration itself costs O(n^2); its rotations are handed back, so that the O(n^3) work on the
 * eigenvectors can be done in the order that suits the cache.
 */
import { ConvergenceError } from '../errors.ts';

/** More than any matrix has been seen to need for one eigenvalue. */
const mostIterations = 60;

/** Rotations in order: the r-th mixes coordinates at[r] and at[r] + 1. */
export interface Rotations {
  readonly at: number[];
  readonly cosine: number[];
  readonly sine: number[];
}

/**
 * Diagonalises in place: `diagonal` [n] becomes the eigenvalues, unordered, and `beside` [n - 1] negligible. About 0.9 n^2 rotations.
 * @throws {ConvergenceError} when an eigenvalue does not settle
 */
export function implicitQl(diagonal: Float64Array, beside: Float64Array): Rotations {
  const rotations: Rotations = { at: [], cosine: [], sine: [] };
  for (let first = 0; first < diagonal.length; first++) {
    for (let iteration = 0; ; iteration++) {
      const last = endOfBlock(diagonal, beside, first);
      if (last === first) break;
      if (iteration === mostIterations) throw new ConvergenceError('symmetricEigen', mostIterations);
      sweep({ diagonal, beside, rotations }, first, last);
    }
  }
  return rotations;
}

/** The last index of the unreduced block that starts at `first`: where the entry beside is negligible against its neighbours. */
function endOfBlock(diagonal: Float64Array, beside: Float64Array, first: number): number {
  let last = first;
  while (last < beside.length && Math.abs(beside[last]) > Number.EPSILON * (Math.abs(diagonal[last]) + Math.abs(diagonal[last + 1])))
    last++;
  return last;
}

interface Work {
  readonly diagonal: Float64Array;
  readonly beside: Float64Array;
  readonly rotations: Rotations;
}

/** One implicit QL step on the block first..last: a rotation at the bottom brings in the shift, the others chase the bulge upwards. */
function sweep({ diagonal, beside, rotations }: Work, first: number, last: number): void {
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
    rotations.at.push(i);
    rotations.cosine.push(cosine);
    rotations.sine.push(sine);
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
