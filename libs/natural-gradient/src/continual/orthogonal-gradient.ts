/**
 * Orthogonal gradient descent: a step for a new task keeps out of the directions along which earlier tasks' outputs move (gradients of their
 * logits, say), so that those outputs stay to first order. The directions are kept as an orthonormal basis, which grows with every task.
 * Vectors are flat, of the same length n; k directions kept.
 * Source: Farajtabar, Azizan, Mott and Li 2020, algorithm 1; golden/10.
 */
import { ShapeError } from '@geodesic/tensor';

/** What remains of a direction, relative to its length, below which it counts as one of the span already. */
const dependent = 1e-10;

/**
 * An orthonormal basis of the span of `basis` (orthonormal already) and `directions`; vectors of the former are shared, not copied.
 * Gram-Schmidt, twice for accuracy; directions in the span, and zero, add nothing. O(n k) for each direction, 8 n bytes for each that is kept.
 * @throws {ShapeError} when lengths differ
 */
export function extendBasis(basis: readonly Float64Array[], directions: readonly ArrayLike<number>[]): Float64Array[] {
  const result = [...basis];
  for (const direction of directions) {
    const length = norm(direction);
    const once = projectOut(direction, result);
    if (!(norm(once) > dependent * length)) continue;
    const twice = projectOut(once, result);
    const remaining = norm(twice);
    result.push(twice.map((entry) => entry / remaining));
  }
  return result;
}

/**
 * A gradient without its part in the span of an orthonormal basis: a new array. O(n k).
 * @throws {ShapeError} when lengths differ
 */
export function projectOut(gradient: ArrayLike<number>, basis: readonly Float64Array[]): Float64Array {
  const result = Float64Array.from(gradient);
  for (const vector of basis) {
    if (vector.length !== result.length) throw new ShapeError('projectOut', `vectors of length ${result.length}`, `${vector.length}`);
    let along = 0;
    for (let i = 0; i < result.length; i++) along += vector[i] * result[i];
    for (let i = 0; i < result.length; i++) result[i] -= along * vector[i];
  }
  return result;
}

function norm(v: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < v.length; i++) sum += v[i] * v[i];
  return Math.sqrt(sum);
}
