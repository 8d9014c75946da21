/**
 * Linear systems of jets: a with g a = b, derivatives included, from one factorisation of the values of g.
 * The rule of Leibniz for g a = b, taken apart by its longest derivative of a, gives for each monomial m in ascending length
 *   a_m = g_0^-1 ( b_m - sum over terms with g differentiated of weight * g_left a_right ).
 */
import { cholesky, choleskySolve } from '@geodesic/linalg';
import { MetricError, requireLength } from '../errors.ts';
import { Jet } from './jet.ts';

/**
 * The solution [d] of g a = b for a symmetric positive definite g [d, d] and b [d]. O(d^3 / 6) and O(d^2) for each term.
 * @throws {MetricError | NotPositiveDefiniteError} when a size does not fit, or the values of g are not positive definite
 */
export function solveSymmetric(g: Jet, b: Jet): Jet {
  const { space, size: d } = b;
  requireLength('solveSymmetric', 'g', g.values, d * d, `[${d}, ${d}]`);
  if (g.space !== space) throw new MetricError('solveSymmetric', 'g', 'a jet of the space of b', 'one of another space');
  const root = cholesky(g.values.slice(), d);
  const solution = new Jet(space, d, b.data.slice());
  let solved = -1;
  for (const { out, left, right, weight } of space.products) {
    if (left === 0) continue;
    // Terms come by ascending `out`, whose factors are shorter: solve the channels before it first.
    for (; solved < right; solved++) solveChannel(solution, root, solved + 1);
    subtractProduct(solution.channel(out), g.channel(left), solution.channel(right), weight);
  }
  for (; solved + 1 < space.channels; solved++) solveChannel(solution, root, solved + 1);
  return solution;
}

function solveChannel(jet: Jet, root: Float64Array, c: number): void {
  jet.channel(c).set(choleskySolve(root, jet.size, jet.channel(c), 1));
}

/** out -= weight * matrix vector. */
function subtractProduct(out: Float64Array, matrix: Float64Array, vector: Float64Array, weight: number): void {
  const d = out.length;
  for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) out[i] -= weight * matrix[i * d + j] * vector[j];
}
