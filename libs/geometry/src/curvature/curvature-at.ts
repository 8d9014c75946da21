/**
 * All curvatures of a metric at a point, exact, for small d: the report of a point.
 *   Ric_jl = g^ik R_ijkl,   Scal = g^jl Ric_jl,   |Rm|^2 = R_ijkl R^ijkl,   |Ric|^2 = Ric_jl Ric^jl
 *   E[Rm(u,v,u,v)^2] = 3 |Rm|^2 + 4 |Ric|^2 + Scal^2   for independent u, v ~ N(0, g^-1)
 * The last is the curvature penalty of spec A4 in closed form (Isserlis' theorem and the first Bianchi identity): zero iff flat.
 */
import { matmul } from '@geodesic/linalg';
import { requireLength } from '../errors.ts';
import { MatrixMetric, orthonormalFrame } from '../fields/matrix-metric.ts';
import type { MetricField } from '../fields/metric-field.ts';
import { christoffel } from './christoffel.ts';
import { metricTwoJet, type MetricTwoJet } from './metric-two-jet.ts';
import { riemann, riemannInFrame } from './riemann.ts';

/** Curvatures at a point; arrays row-major in the index order of golden/03. */
export interface Curvature {
  /** Gamma^k_ij [k, i, j]. */
  readonly christoffel: Float64Array;
  /** R_ijkl [i, j, k, l]. */
  readonly riemann: Float64Array;
  /** Ric_jl [j, l]. */
  readonly ricci: Float64Array;
  readonly scalar: number;
  /** |Rm|^2. */
  readonly riemannSquared: number;
  /** |Ric|^2. */
  readonly ricciSquared: number;
  /** E[Rm(u,v,u,v)^2]. */
  readonly expectedSquare: number;
  /** sqrt(det g). */
  readonly volumeElement: number;
}

/** The curvatures of a field at x [d]. O(d^5) and a 2-jet in d directions. @throws {MetricError | NotPositiveDefiniteError} */
export function curvatureAt(field: MetricField, x: ArrayLike<number>): Curvature {
  return curvatureOf(metricTwoJet(field, x));
}

/** The curvatures of a two-jet. O(d^5). Norms are taken in an orthonormal frame, where they are sums of squares. */
export function curvatureOf(jet: MetricTwoJet): Curvature {
  const d = jet.dimension;
  const tensor = riemann(jet);
  const frame = orthonormalFrame(new MatrixMetric(jet.g, d));
  const ricci = ricciTensor(jet, tensor);
  const framed = matmul(frame, matmul(ricci, frame, { m: d, k: d, n: d }), { m: d, k: d, n: d, transposeA: true });
  const scalar = scalarCurvature(jet, ricci);
  const riemannSquared = sumOfSquares(riemannInFrame(tensor, frame, d));
  const ricciSquared = sumOfSquares(framed);
  return {
    christoffel: christoffel(jet),
    riemann: tensor,
    ricci,
    scalar,
    riemannSquared,
    ricciSquared,
    expectedSquare: 3 * riemannSquared + 4 * ricciSquared + scalar * scalar,
    volumeElement: Math.exp(jet.halfLogDet),
  };
}

/** The Ricci tensor Ric_jl [d, d] of R_ijkl. O(d^4). @throws {MetricError} when the length is wrong */
export function ricciTensor({ dimension: d, inverse }: MetricTwoJet, tensor: Float64Array): Float64Array {
  requireLength('ricciTensor', 'tensor', tensor, d ** 4, `[${d}, ${d}, ${d}, ${d}]`);
  const ricci = new Float64Array(d * d);
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++)
      for (let k = 0; k < d; k++) {
        const weight = inverse[i * d + k];
        for (let l = 0; l < d; l++) ricci[j * d + l] += weight * tensor[((i * d + j) * d + k) * d + l];
      }
  return ricci;
}

/** The scalar curvature, the trace of the Ricci tensor. */
export function scalarCurvature({ inverse }: MetricTwoJet, ricci: Float64Array): number {
  return inverse.reduce((sum, entry, at) => sum + entry * ricci[at], 0);
}

function sumOfSquares(entries: Float64Array): number {
  return entries.reduce((sum, entry) => sum + entry * entry, 0);
}
