/**
 * Parallel transport of vectors along a curve, V' = -Gamma(c', V), and holonomy: what a frame has turned by after a closed curve. In two
 * dimensions the turn is the integral of the Gaussian curvature inside, which ties the local to the global.
 * Curves are smooth maps of one number, their velocity coming from jets; a polygon is a curve piece by piece. Source: do Carmo 1992, 2.2.
 */
import { matmul } from '@geodesic/linalg';
import { connectionTerm } from '../curvature/directional-curvature.ts';
import { MetricError, requireLength } from '../errors.ts';
import { requirePoint, type MetricField } from '../fields/metric-field.ts';
import { Jet } from '../jets/jet.ts';
import { evaluateChecked, imageOf, type SmoothMap } from '../jets/smooth-map.ts';
import { integrate } from './integrators.ts';

/** Steps of RK4 along a piece, at least 1; default 200. */
export interface TransportOptions {
  readonly steps?: number;
}

/** The straight piece from p to q in coordinates, over t from 0 to 1. @throws {MetricError} when their lengths differ */
export function straightCurve(p: ArrayLike<number>, q: ArrayLike<number>): SmoothMap {
  requireLength('straightCurve', 'q', q, p.length, `[${p.length}]`);
  const step = Float64Array.from(p, (entry, i) => q[i] - entry);
  return { inputs: 1, outputs: p.length, evaluate: (t) => t.times(step, p.length).plus(p) };
}

/** The straight pieces between neighbouring corners, the last corner joined to the first. */
export function closedPolygon(corners: readonly ArrayLike<number>[]): SmoothMap[] {
  return corners.map((corner, k) => straightCurve(corner, corners[(k + 1) % corners.length]));
}

/**
 * The vector v [d] after transport along a curve, t from 0 to 1. Its length in the metric stays. RK4: four 1-jets in d directions a step.
 * @throws {MetricError | NotPositiveDefiniteError} when the curve does not fit or leaves the chart
 */
export function parallelTransport(
  field: MetricField,
  curve: SmoothMap,
  v: ArrayLike<number>,
  { steps = 200 }: TransportOptions = {},
): Float64Array {
  const d = field.dimension;
  requireCurve(field, curve);
  const start = new Float64Array(d + 1); // [t | V]
  start.set(requirePoint('parallelTransport', 'v', field, v), 1);
  const states = integrate(
    (state) => {
      const c = evaluateChecked(curve, Jet.at(state.subarray(0, 1), 1));
      const rate = new Float64Array(d + 1);
      rate[0] = 1;
      connectionTerm(field, c.values, c.derivative(0), state.subarray(1)).forEach((entry, i) => (rate[i + 1] = -entry));
      return rate;
    },
    start,
    1,
    { steps },
  );
  return states[steps].slice(1);
}

/**
 * The holonomy H [d, d] of a closed curve given in pieces: the transport of a vector v at its start is H v.
 * @throws {MetricError} when the pieces do not close
 */
export function holonomy(field: MetricField, pieces: readonly SmoothMap[], options: TransportOptions = {}): Float64Array {
  const d = field.dimension;
  requireClosed(field, pieces);
  const turned = new Float64Array(d * d);
  for (let column = 0; column < d; column++) {
    const axis = Float64Array.from({ length: d }, (_, i) => (i === column ? 1 : 0));
    const end = pieces.reduce<Float64Array>((v, piece) => parallelTransport(field, piece, v, options), axis);
    end.forEach((entry, i) => (turned[i * d + column] = entry));
  }
  return turned;
}

/**
 * The angle in (-pi, pi] by which the holonomy of a closed curve turns vectors of a surface, positive from the first coordinate to the
 * second: the integral of K dA over the inside of an anticlockwise curve, up to 2 pi.
 * @throws {MetricError} when the field is not of dimension 2 or the pieces do not close
 */
export function holonomyAngle(field: MetricField, pieces: readonly SmoothMap[], options: TransportOptions = {}): number {
  if (field.dimension !== 2) throw new MetricError('holonomyAngle', 'field', 'dimension 2', String(field.dimension));
  const turned = holonomy(field, pieces, options);
  const [e, f, , g] = field.at(imageOf(pieces[0], [0])).toDense();
  const area = Math.sqrt(e * g - f * f);
  // In the orthonormal frame (e1, e2) with e1 along the first axis, the image of e1 has the coordinates (cos, sin).
  const [a, b] = matmul(turned, Float64Array.of(1 / Math.sqrt(e), 0), { m: 2, k: 2, n: 1 });
  return Math.atan2((b * area) / Math.sqrt(e), (a * e + b * f) / Math.sqrt(e));
}

function requireClosed(field: MetricField, pieces: readonly SmoothMap[]): void {
  if (pieces.length === 0) throw new MetricError('holonomy', 'pieces', 'at least one piece', 'none');
  pieces.forEach((piece, k) => {
    requireCurve(field, piece);
    const [end, next] = [imageOf(piece, [1]), imageOf(pieces[(k + 1) % pieces.length], [0])];
    const gap = end.reduce((most, entry, i) => Math.max(most, Math.abs(entry - next[i])), 0);
    if (!(gap <= 1e-9)) throw new MetricError('holonomy', `pieces[${k}]`, 'an end where the next piece starts', `a gap of ${gap}`);
  });
}

function requireCurve({ dimension }: MetricField, { inputs, outputs }: SmoothMap): void {
  if (inputs !== 1 || outputs !== dimension)
    throw new MetricError('curve', 'curve', `a map from 1 to ${dimension} numbers`, `${inputs} to ${outputs}`);
}
