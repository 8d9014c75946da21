/**
 * The logarithm map: the velocity v at x with exp_x(v) = y. It starts from the momentum of the discrete geodesic (right to O(1 / N^2)),
 * which chooses the geodesic, and shoots by Newton's method with the exact derivative of the exponential map, halving a step until the
 * end comes nearer to y in the metric there.
 * Source: Marsden and West 2001 (momentum of a discrete path); Dennis and Schnabel 1983, 6.3 (backtracking).
 */
import { cholesky, choleskySolve, matmul, NotPositiveDefiniteError } from '@geodesic/linalg';
import { MetricError } from '../errors.ts';
import { requirePoint, type MetricField } from '../fields/metric-field.ts';
import { squaredLength } from '../metric.ts';
import { geodesicPath, type GeodesicPathOptions } from './geodesic-path.ts';
import { exponentialJet, type ExponentialJet } from './jacobi-fields.ts';
import { startingMomentum } from './path-energy.ts';

/** How to find and refine the velocity. */
export interface LogarithmOptions extends GeodesicPathOptions {
  /** RK4 steps of the geodesics that are shot; default 100. */
  readonly steps?: number;
  /** Largest distance of the end from y, in the metric at y; default 1e-10. */
  readonly accuracy?: number;
  /** Most shots; 0 leaves the velocity of the discrete path. Default 40. */
  readonly shots?: number;
}

/**
 * The velocity [d] at x of the geodesic that is at y after unit time; its length is the distance where that geodesic is the shortest.
 * A few shots, each about (d + 1)^2 * 4 * steps evaluations of the metric.
 * @throws {MetricError} when the shots do not come within the accuracy
 * @throws {NotPositiveDefiniteError} where there is no metric
 */
export function logarithmMap(field: MetricField, x: ArrayLike<number>, y: ArrayLike<number>, options: LogarithmOptions = {}): Float64Array {
  const { accuracy = 1e-10, shots = 40, steps = 100 } = options;
  const [from, to] = [requirePoint('logarithmMap', 'x', field, x), requirePoint('logarithmMap', 'y', field, y)];
  const { points } = geodesicPath(field, from, to, options);
  let v = field.at(from).solve(startingMomentum(field, points));
  if (shots === 0) return v;
  const goal = field.at(to);
  const shoot = (velocity: Float64Array): Shot => {
    const jet = exponentialJet(field, { x: from, v: velocity }, { steps });
    const miss = to.map((entry, i) => entry - jet.end[i]);
    return { jet, miss, distance: Math.sqrt(squaredLength(goal, miss)) };
  };
  let best = shoot(v);
  let step = newtonStep(best);
  for (let shot = 1; shot < shots && best.distance > accuracy; shot++) {
    const moved = v.map((entry, i) => entry + step[i]);
    const next = attempt(shoot, moved);
    if (next && next.distance < best.distance) {
      [v, best] = [moved, next];
      step = newtonStep(best);
    } else step = step.map((entry) => entry / 2);
  }
  if (!(best.distance <= accuracy))
    throw new MetricError('logarithmMap', 'shots', `an end within ${accuracy} of y (more segments or steps)`, `${best.distance} away`);
  return v;
}

interface Shot {
  readonly jet: ExponentialJet;
  readonly miss: Float64Array;
  readonly distance: number;
}

/** A shot, or none when it leaves the chart. */
function attempt(shoot: (v: Float64Array) => Shot, v: Float64Array): Shot | undefined {
  try {
    return shoot(v);
  } catch (error) {
    if (error instanceof NotPositiveDefiniteError) return undefined;
    throw error;
  }
}

/** The solution of J step = miss, by normal equations with a shift far below rounding of J^T J, for conjugate points. */
function newtonStep({ jet: { jacobian }, miss }: Shot): Float64Array {
  const d = miss.length;
  const gram = matmul(jacobian, jacobian, { m: d, k: d, n: d, transposeA: true });
  const shift = 1e-15 * gram.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
  for (let i = 0; i < d; i++) gram[i * (d + 1)] += shift;
  return choleskySolve(cholesky(gram, d), d, matmul(jacobian, miss, { m: d, k: d, n: 1, transposeA: true }), 1);
}
