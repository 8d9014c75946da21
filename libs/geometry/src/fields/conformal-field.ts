/**
 * Conformal fields g = e^(2f) g0 (tier T1 when f is a bounded network and g0 constant) and what is known of them in closed form, for
 * constant g0: with gradient df, Hessian H of f, |.| and the trace taken by g0,
 *   K = H - df df^T + |df|^2 g0 / 2
 *   Rm(u,v,u,v) = -e^(2f) [ K(u,u) g0(v,v) + K(v,v) g0(u,u) - 2 K(u,v) g0(u,v) ]
 *   Ric = -(d-2)(H - df df^T) - (tr H + (d-2) |df|^2) g0
 *   Scal = -e^(-2f) [ 2 (d-1) tr H + (d-1)(d-2) |df|^2 ]
 *   x'' = -2 (df . x') x' + g0(x', x') g0^-1 df
 * Source: Besse 1987, theorem 1.159; spec A4. Beside the general formulas these need d^2 numbers of f and no derivative of a matrix.
 */
import { choleskySolve, cholesky } from '@geodesic/linalg';
import { requireLength } from '../errors.ts';
import { exp, tanh } from '../jets/jet-functions.ts';
import { Jet } from '../jets/jet.ts';
import { dot } from '../metric.ts';
import { metricField, type MetricField } from './metric-field.ts';

/** A function of the coordinates: d entries in, one out. */
export type ScalarFunction = (x: Jet) => Jet;

/** The field e^(2f) g0 over any base field g0. */
export function conformalField(base: MetricField, exponent: ScalarFunction): MetricField {
  return metricField(base.dimension, (x) => base.matrix(x).multiply(exp(exponent(x).scale(2))));
}

/** f = limit tanh(raw / limit): within (-limit, limit), as tier T1 bounds its exponent. Limit default 3. */
export function boundedExponent(raw: ScalarFunction, limit = 3): ScalarFunction {
  return (x) => tanh(raw(x).scale(1 / limit)).scale(limit);
}

/** A conformal metric over a constant base g0 [d, d]. */
export interface FlatConformal {
  readonly base: Float64Array;
  readonly dimension: number;
  readonly exponent: ScalarFunction;
}

/** Closed-form curvature at a point: e^(2f), the tensor K [d, d], Ricci [d, d], scalar. */
export interface ConformalCurvature {
  readonly factor: number;
  readonly tensorK: Float64Array;
  readonly ricci: Float64Array;
  readonly scalar: number;
}

/** The curvature of e^(2f) g0 at x [d]. One 2-jet of f and O(d^3). @throws {MetricError | NotPositiveDefiniteError} */
export function conformalCurvature({ base, dimension: d, exponent }: FlatConformal, x: Float64Array): ConformalCurvature {
  requireLength('conformalCurvature', 'base', base, d * d, `[${d}, ${d}]`);
  requireLength('conformalCurvature', 'x', x, d, `[${d}]`);
  const jet = exponent(Jet.at(x, 2));
  const root = cholesky(base, d);
  const gradient = Float64Array.from(x, (_, i) => jet.derivative(i)[0]);
  const hessian = Float64Array.from(base, (_, at) => jet.derivative(Math.floor(at / d), at % d)[0]);
  const squared = dot(gradient, choleskySolve(root, d, gradient, 1));
  const raised = choleskySolve(root, d, hessian, d);
  let laplacian = 0;
  for (let i = 0; i < d; i++) laplacian += raised[i * (d + 1)];
  const bend = hessian.map((entry, at) => entry - gradient[Math.floor(at / d)] * gradient[at % d]);
  const factor = Math.exp(2 * jet.values[0]);
  return {
    factor,
    tensorK: bend.map((entry, at) => entry + (squared / 2) * base[at]),
    ricci: bend.map((entry, at) => -(d - 2) * entry - (laplacian + (d - 2) * squared) * base[at]),
    scalar: -((d - 1) * (2 * laplacian + (d - 2) * squared)) / factor,
  };
}

/** Rm(u,v,u,v) of e^(2f) g0 from its closed form. O(d^2). */
export function conformalRm({ factor, tensorK }: ConformalCurvature, base: Float64Array, u: Float64Array, v: Float64Array): number {
  const K = (a: Float64Array, b: Float64Array): number => quadratic(tensorK, a, b);
  const g = (a: Float64Array, b: Float64Array): number => quadratic(base, a, b);
  return -factor * (K(u, u) * g(v, v) + K(v, v) * g(u, u) - 2 * K(u, v) * g(u, v));
}

/** The acceleration x'' [d] of a geodesic of e^(2f) g0 with velocity v. One derivative of f. @throws {MetricError} */
export function conformalAcceleration({ base, dimension: d, exponent }: FlatConformal, x: Float64Array, v: Float64Array): Float64Array {
  requireLength('conformalAcceleration', 'v', v, d, `[${d}]`);
  const jet = exponent(Jet.at(x, 1));
  const gradient = Float64Array.from(x, (_, i) => jet.derivative(i)[0]);
  const [along, squared] = [dot(gradient, v), quadratic(base, v, v)];
  const raised = choleskySolve(cholesky(base, d), d, gradient, 1);
  return v.map((entry, i) => -2 * along * entry + squared * raised[i]);
}

/** u^T A v. */
function quadratic(matrix: Float64Array, u: Float64Array, v: Float64Array): number {
  const d = u.length;
  return u.reduce((sum, entry, i) => sum + entry * dot(matrix.subarray(i * d, (i + 1) * d), v), 0);
}
