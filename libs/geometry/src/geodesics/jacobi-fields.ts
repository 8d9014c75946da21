/**
 * The exponential map with its derivative by the starting velocity: the columns of d exp_x are Jacobi fields, how neighbouring geodesics
 * part. The geodesic equation is integrated on jets that move along the axes of v, so that the derivative is that of the very steps
 * taken, exact to rounding. det d exp = 0 at conjugate points.
 * Source: do Carmo 1992, chapter 5.
 */
import { MetricError } from '../errors.ts';
import { requirePoint, type MetricField } from '../fields/metric-field.ts';
import { matrixProduct } from '../jets/jet-functions.ts';
import { solveSymmetric } from '../jets/jet-solve.ts';
import { JetSpace } from '../jets/jet-space.ts';
import { Jet } from '../jets/jet.ts';
import type { GeodesicState } from './geodesic-equations.ts';

/** exp_x(v) and d exp_x(v). */
export interface ExponentialJet {
  /** The end [d]. */
  readonly end: Float64Array;
  /** d end_i / d v_j [d, d] row-major. */
  readonly jacobian: Float64Array;
}

/** Steps of RK4, at least 1; default 100. */
export interface JacobiOptions {
  readonly steps?: number;
}

/**
 * The end after unit time and its derivative by v. About d + 1 times the cost of exponentialMap.
 * @throws {MetricError | NotPositiveDefiniteError} when the geodesic leaves the chart
 */
export function exponentialJet(field: MetricField, start: GeodesicState, { steps = 100 }: JacobiOptions = {}): ExponentialJet {
  if (!Number.isSafeInteger(steps) || steps < 1)
    throw new MetricError('exponentialJet', 'steps', 'a whole number of at least 1', String(steps));
  const d = field.dimension;
  let v = Jet.at(requirePoint('exponentialJet', 'v', field, start.v), 1);
  let x = Jet.constant(JetSpace.of(d, 1), requirePoint('exponentialJet', 'x', field, start.x));
  const h = 1 / steps;
  for (let step = 0; step < steps; step++) {
    const [v1, a1] = [v, accelerationJet(field, x, v)];
    const [v2, a2] = stage(field, { x, v, dx: v1, dv: a1 }, h / 2);
    const [v3, a3] = stage(field, { x, v, dx: v2, dv: a2 }, h / 2);
    const [v4, a4] = stage(field, { x, v, dx: v3, dv: a3 }, h);
    x = x.plus(
      v1
        .plus(v2.plus(v3).scale(2))
        .plus(v4)
        .scale(h / 6),
    );
    v = v.plus(
      a1
        .plus(a2.plus(a3).scale(2))
        .plus(a4)
        .scale(h / 6),
    );
  }
  const jacobian = new Float64Array(d * d);
  for (let j = 0; j < d; j++) x.derivative(j).forEach((entry, i) => (jacobian[i * d + j] = entry));
  return { end: x.values.slice(), jacobian };
}

/** The acceleration -Gamma(v,v) [d] at jets of position and velocity. @throws {NotPositiveDefiniteError} where there is no metric */
export function accelerationJet(field: MetricField, x: Jet, v: Jet): Jet {
  const d = field.dimension;
  const wide = field.matrix(x.withTangents());
  const slopes = Array.from({ length: d }, (_, a) => matrixProduct(wide.restrict(x.space, a), v, { m: d, p: d, n: 1 }));
  const along = slopes.map((slope, a) => slope.multiply(v.slice(a))).reduce((sum, term) => sum.plus(term));
  const gradient = Jet.concat(slopes.map((slope) => slope.multiply(v).sum()));
  return solveSymmetric(wide.restrict(x.space), gradient.scale(0.5).minus(along));
}

interface Stage {
  readonly x: Jet;
  readonly v: Jet;
  readonly dx: Jet;
  readonly dv: Jet;
}

function stage(field: MetricField, { x, v, dx, dv }: Stage, h: number): readonly [Jet, Jet] {
  const velocity = v.plus(dv.scale(h));
  return [velocity, accelerationJet(field, x.plus(dx.scale(h)), velocity)];
}
