/**
 * Feature maps f: R^k -> R^D as immersed surfaces in Euclidean space: how the image bends, from a 2-jet of f alone.
 *   g = J^T J,   II(u,v) = P_N D_u D_v f,  P_N = I - J g^-1 J^T
 *   Gauss: Rm(u,v,u,v) = <II(u,u), II(v,v)> - |II(u,v)|^2,   mean curvature vector H = g^ij II_ij (not divided by k)
 * The tool for the curvature of a representation along a slice of data space. Arrays: J [D, k], II [D, k, k] row-major.
 * Source: golden/05; do Carmo 1992, chapter 6.
 */
import { matmul } from '@geodesic/linalg';
import { requireLength } from '../errors.ts';
import { MatrixMetric } from '../fields/matrix-metric.ts';
import { sectionalFrom } from '../curvature/riemann.ts';
import { Jet } from '../jets/jet.ts';
import { evaluateChecked, type SmoothMap } from '../jets/smooth-map.ts';
import { dot, type Metric } from '../metric.ts';

/** How a map bends at a point. */
export interface Immersion {
  /** k. */
  readonly inputs: number;
  /** D. */
  readonly outputs: number;
  /** J [D, k]. */
  readonly jacobian: Float64Array;
  /** g = J^T J. */
  readonly metric: Metric;
  /** II [D, k, k]. */
  readonly secondForm: Float64Array;
  /** H = g^ij II_ij [D]. */
  readonly meanCurvature: Float64Array;
  /** |II|^2 = g^ik g^jl <II_ij, II_kl>. */
  readonly secondFormSquared: number;
}

/** The bending of a map at x [k]. One 2-jet in k directions, O(D k^2 + k^3). @throws {NotPositiveDefiniteError} unless J has rank k */
export function immersionAt(map: SmoothMap, x: ArrayLike<number>): Immersion {
  const [k, D] = [map.inputs, map.outputs];
  const jet = evaluateChecked(map, Jet.at(x, 2));
  const J = new Float64Array(D * k);
  const second = new Float64Array(D * k * k);
  for (let i = 0; i < k; i++) {
    jet.derivative(i).forEach((entry, a) => (J[a * k + i] = entry));
    for (let j = 0; j < k; j++) jet.derivative(i, j).forEach((entry, a) => (second[(a * k + i) * k + j] = entry));
  }
  const metric = new MatrixMetric(matmul(J, J, { m: k, k: D, n: k, transposeA: true }), k);
  const secondForm = normalPart(J, metric, second);
  return { inputs: k, outputs: D, jacobian: J, metric, secondForm, ...invariants(secondForm, metric, D) };
}

/** II(u,v) [D]. @throws {MetricError} when a length is wrong */
export function secondFormOf({ inputs: k, secondForm }: Immersion, u: ArrayLike<number>, v: ArrayLike<number>): Float64Array {
  requireLength('secondFormOf', 'u', u, k, `[${k}]`);
  requireLength('secondFormOf', 'v', v, k, `[${k}]`);
  const outer = Float64Array.from({ length: k * k }, (_, at) => u[Math.floor(at / k)] * v[at % k]);
  return matmul(secondForm, outer, { m: secondForm.length / (k * k), k: k * k, n: 1 });
}

/** Rm(u,v,u,v) by the equation of Gauss. @throws {MetricError} when a length is wrong */
export function gaussRm(immersion: Immersion, u: ArrayLike<number>, v: ArrayLike<number>): number {
  const [uu, uv, vv] = [secondFormOf(immersion, u, u), secondFormOf(immersion, u, v), secondFormOf(immersion, v, v)];
  return dot(uu, vv) - dot(uv, uv);
}

/** The sectional curvature of the plane of u and v. @throws {MetricError} when they span no plane */
export function immersionSectional(immersion: Immersion, u: ArrayLike<number>, v: ArrayLike<number>): number {
  const [a, b] = [Float64Array.from(u), Float64Array.from(v)];
  const [ga, gb] = [immersion.metric.multiply(a), immersion.metric.multiply(b)];
  return sectionalFrom(gaussRm(immersion, a, b), { uu: dot(a, ga), uv: dot(b, ga), vv: dot(b, gb) });
}

/** The scalar curvature, |H|^2 - |II|^2. */
export function immersionScalar({ meanCurvature, secondFormSquared }: Immersion): number {
  return dot(meanCurvature, meanCurvature) - secondFormSquared;
}

/** P_N applied to columns [D, k, k]: A - J g^-1 J^T A. */
function normalPart(J: Float64Array, metric: Metric, second: Float64Array): Float64Array {
  const k = metric.dimension;
  const [D, pairs] = [J.length / k, k * k];
  const inward = metric.solve(matmul(J, second, { m: k, k: D, n: pairs, transposeA: true }), pairs);
  const tangential = matmul(J, inward, { m: D, k, n: pairs });
  return second.map((entry, at) => entry - tangential[at]);
}

function invariants(secondForm: Float64Array, metric: Metric, D: number): Pick<Immersion, 'meanCurvature' | 'secondFormSquared'> {
  const k = metric.dimension;
  const meanCurvature = new Float64Array(D);
  let secondFormSquared = 0;
  for (let a = 0; a < D; a++) {
    // M = g^-1 II_a has the trace H_a, and II_a contracts with itself to tr(M M).
    const M = metric.solve(secondForm.slice(a * k * k, (a + 1) * k * k), k);
    for (let i = 0; i < k; i++) {
      meanCurvature[a] += M[i * (k + 1)];
      for (let j = 0; j < k; j++) secondFormSquared += M[i * k + j] * M[j * k + i];
    }
  }
  return { meanCurvature, secondFormSquared };
}
