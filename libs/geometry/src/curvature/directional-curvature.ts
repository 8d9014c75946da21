/**
 * Curvature of one pair of directions without index tensors, for any d. With u, v constant in coordinates, g(u,v)(x) = u^T g(x) v and
 *   Gamma(u,v) lowered = 1/2 [ (D_u g) v + (D_v g) u - grad g(u,v) ],
 *   Rm(u,v,u,v) = D_u D_v g(u,v) - 1/2 D_v^2 g(u,u) - 1/2 D_u^2 g(v,v) + |Gamma(u,v)|^2 - <Gamma(u,u), Gamma(v,v)>   (by g^-1).
 * Asked of the field: one 2-jet of g u and g v along (u, v), and one 1-jet of them along the axes: O(d^2) numbers, no d^3.
 * Source: spec A4 "Directional form"; positive on spheres.
 */
import { requirePoint, type MetricField } from '../fields/metric-field.ts';
import { Jet } from '../jets/jet.ts';
import { dot, type Metric } from '../metric.ts';
import { sectionalFrom } from './riemann.ts';

/** What the jets of g along a pair of directions give at a point. */
export interface DirectionalJet {
  /** g at the point. */
  readonly metric: Metric;
  /** g(u,u), g(u,v), g(v,v). */
  readonly uu: number;
  readonly uv: number;
  readonly vv: number;
  /** Lowered Gamma(u,u), Gamma(u,v), Gamma(v,v), each [d]. */
  readonly gammaUu: Float64Array;
  readonly gammaUv: Float64Array;
  readonly gammaVv: Float64Array;
  /** D_u D_v g(u,v) - 1/2 D_v^2 g(u,u) - 1/2 D_u^2 g(v,v). */
  readonly secondOrder: number;
}

/** The directional jet of a field at x [d] along u, v [d]. @throws {MetricError | NotPositiveDefiniteError} where there is no metric */
export function directionalJet(field: MetricField, x: ArrayLike<number>, u: ArrayLike<number>, v: ArrayLike<number>): DirectionalJet {
  const [point, a, b] = [x, u, v].map((array, i) => requirePoint('directionalJet', 'xuv'[i], field, array));
  const d = field.dimension;
  const along = field.apply(Jet.along(point, [a, b], 2), [a, b]);
  const [gu, gv] = [along.slice(0, d), along.slice(d, 2 * d)];
  const axes = field.apply(Jet.at(point, 1), [a, b]);
  const gradient = (row: number, w: Float64Array): Float64Array =>
    point.map((_, axis) => dot(w, axes.derivative(axis).subarray(row * d, (row + 1) * d)));
  const lowered = (first: Float64Array, second: Float64Array, slope: Float64Array): Float64Array =>
    first.map((entry, i) => (entry + second[i] - slope[i]) / 2);
  return {
    metric: field.at(point),
    uu: dot(a, gu.values),
    uv: dot(b, gu.values),
    vv: dot(b, gv.values),
    gammaUu: lowered(gu.derivative(0), gu.derivative(0), gradient(0, a)),
    gammaUv: lowered(gv.derivative(0), gu.derivative(1), gradient(0, b)),
    gammaVv: lowered(gv.derivative(1), gv.derivative(1), gradient(1, b)),
    secondOrder: dot(a, gv.derivative(0, 1)) - dot(a, gu.derivative(1, 1)) / 2 - dot(b, gv.derivative(0, 0)) / 2,
  };
}

/** Rm(u,v,u,v) of a directional jet: two solves. */
export function rmOf({ metric, gammaUu, gammaUv, gammaVv, secondOrder }: DirectionalJet): number {
  return secondOrder + dot(gammaUv, metric.solve(gammaUv)) - dot(gammaUu, metric.solve(gammaVv));
}

/** Rm(u,v,u,v) of a field at x. @throws {MetricError | NotPositiveDefiniteError} where there is no metric */
export function directionalRm(field: MetricField, x: ArrayLike<number>, u: ArrayLike<number>, v: ArrayLike<number>): number {
  return rmOf(directionalJet(field, x, u, v));
}

/** The sectional curvature of the plane of u and v at x. @throws {MetricError | NotPositiveDefiniteError} also when they span no plane */
export function sectionalCurvature(field: MetricField, x: ArrayLike<number>, u: ArrayLike<number>, v: ArrayLike<number>): number {
  const jet = directionalJet(field, x, u, v);
  return sectionalFrom(rmOf(jet), jet);
}

/**
 * The vector Gamma(u,v) [d] with its index raised, from one 1-jet along the axes: the term of the geodesic equation (u = v) and of
 * parallel transport.
 * @throws {MetricError | NotPositiveDefiniteError} where there is no metric
 */
export function connectionTerm(field: MetricField, x: ArrayLike<number>, u: ArrayLike<number>, v: ArrayLike<number>): Float64Array {
  const [point, a, b] = [x, u, v].map((array, i) => requirePoint('connectionTerm', 'xuv'[i], field, array));
  const d = field.dimension;
  const axes = field.apply(Jet.at(point, 1), [a, b]);
  const lowered = new Float64Array(d);
  for (let axis = 0; axis < d; axis++) {
    const slope = axes.derivative(axis);
    for (let i = 0; i < d; i++) lowered[i] += (a[axis] * slope[d + i] + b[axis] * slope[i]) / 2;
    lowered[axis] -= dot(b, slope.subarray(0, d)) / 2;
  }
  return field.at(point).solve(lowered);
}
