/**
 * How far a vector field X is from a symmetry of a metric: the Lie derivative of the metric along its flow, zero iff the flow is made of
 * isometries (X a Killing field).
 *   L_X g = (X . grad) g + g DX + DX^T g,   |A|^2 = tr(g^-1 A g^-1 A)
 * The norm is the metric's own, so that the residual does not depend on coordinates. Source: spec A11, symmetries; do Carmo 1992, 3 ex. 5.
 */
import { matmul } from '@geodesic/linalg';
import { MetricError, requireLength } from '../errors.ts';
import { requirePoint, type MetricField } from '../fields/metric-field.ts';
import { Jet } from '../jets/jet.ts';
import { imageOf, jacobian, type SmoothMap } from '../jets/smooth-map.ts';
import { momentsOf, type Moments } from '../moments.ts';

/** L_X g at x, [d, d] symmetric. One 1-jet of g along X. @throws {MetricError} when the sizes do not fit */
export function lieDerivative(field: MetricField, flow: SmoothMap, x: ArrayLike<number>): Float64Array {
  const d = field.dimension;
  if (flow.inputs !== d || flow.outputs !== d)
    throw new MetricError('lieDerivative', 'flow', `a map from ${d} to ${d} numbers`, `${flow.inputs} to ${flow.outputs}`);
  const point = requirePoint('lieDerivative', 'x', field, x);
  const g = field.matrix(Jet.along(point, [imageOf(flow, point)], 1));
  const lowered = matmul(g.values, jacobian(flow, point), { m: d, k: d, n: d });
  return g.derivative(0).map((entry, at) => entry + lowered[at] + lowered[(at % d) * d + Math.floor(at / d)]);
}

/** |L_X g|^2 at x. @throws {MetricError | NotPositiveDefiniteError} where there is no metric */
export function killingResidual(field: MetricField, flow: SmoothMap, x: ArrayLike<number>): number {
  const d = field.dimension;
  const mixed = field.at(Float64Array.from(x)).solve(lieDerivative(field, flow, x), d);
  let sum = 0;
  for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) sum += mixed[i * d + j] * mixed[j * d + i];
  return sum;
}

/** The residuals at some points, as sums. @throws {MetricError | NotPositiveDefiniteError} where there is no metric */
export function killingResiduals(field: MetricField, flow: SmoothMap, points: readonly ArrayLike<number>[]): Moments {
  return momentsOf(points.map((x) => killingResidual(field, flow, x)));
}

/** The linear flow X = A x + b, A [d, d] row-major, b default 0: rotations, dilations, translations. @throws {MetricError} */
export function linearFlow(a: Float64Array, dimension: number, b: Float64Array = new Float64Array(dimension)): SmoothMap {
  const d = dimension;
  requireLength('linearFlow', 'a', a, d * d, `[${d}, ${d}]`);
  const transposed = a.map((_, at) => a[(at % d) * d + Math.floor(at / d)]);
  return { inputs: d, outputs: d, evaluate: (x) => x.times(transposed, d).plus(b) };
}
