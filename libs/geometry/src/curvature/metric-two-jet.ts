/**
 * The metric and its first two derivatives at a point as plain arrays: what the full curvature tensors are made of, for small d.
 * Index order as in golden/03: g [i, j], dg [a, i, j] = d_a g_ij, ddg [a, b, i, j] = d_a d_b g_ij, all row-major.
 * They come from one jet along all coordinate directions; large d wants directional-curvature.ts instead.
 */
import { identity } from '@geodesic/linalg';
import { requireLength } from '../errors.ts';
import { requirePoint, type MetricField } from '../fields/metric-field.ts';
import { MatrixMetric } from '../fields/matrix-metric.ts';
import { Jet } from '../jets/jet.ts';

/** g [d, d], its inverse, and dg [d, d, d]: enough for the connection. */
export interface MetricOneJet {
  readonly dimension: number;
  readonly g: Float64Array;
  readonly inverse: Float64Array;
  readonly dg: Float64Array;
  /** 1/2 ln det g. */
  readonly halfLogDet: number;
}

/** A one-jet with ddg [d, d, d, d]: enough for curvature. */
export interface MetricTwoJet extends MetricOneJet {
  readonly ddg: Float64Array;
}

/** The one-jet of a field at x [d]. O(d^3) numbers. @throws {MetricError | NotPositiveDefiniteError} where there is no metric */
export function metricOneJet(field: MetricField, x: ArrayLike<number>): MetricOneJet {
  return oneJetFromJet(field.matrix(Jet.at(requirePoint('metricOneJet', 'x', field, x), 1)), field.dimension);
}

/** The two-jet of a field at x [d]. O(d^4) numbers. @throws {MetricError | NotPositiveDefiniteError} where there is no metric */
export function metricTwoJet(field: MetricField, x: ArrayLike<number>): MetricTwoJet {
  const d = field.dimension;
  const jet = field.matrix(Jet.at(requirePoint('metricTwoJet', 'x', field, x), 2));
  const ddg = new Float64Array(d ** 4);
  for (let a = 0; a < d; a++) for (let b = 0; b < d; b++) ddg.set(jet.derivative(a, b), (a * d + b) * d * d);
  return { ...oneJetFromJet(jet, d), ddg };
}

/** A two-jet from arrays of known derivatives. @throws {MetricError | NotPositiveDefiniteError} when a length is wrong */
export function twoJetOf(
  dimension: number,
  parts: { readonly g: Float64Array; readonly dg: Float64Array; readonly ddg: Float64Array },
): MetricTwoJet {
  const { g, dg, ddg } = parts;
  const d = dimension;
  requireLength('twoJetOf', 'dg', dg, d ** 3, `[${d}, ${d}, ${d}]`);
  requireLength('twoJetOf', 'ddg', ddg, d ** 4, `[${d}, ${d}, ${d}, ${d}]`);
  return { ...pointwise(g, d), dg, ddg };
}

function oneJetFromJet(jet: Jet, d: number): MetricOneJet {
  const dg = new Float64Array(d ** 3);
  for (let a = 0; a < d; a++) dg.set(jet.derivative(a), a * d * d);
  return { ...pointwise(jet.values.slice(), d), dg };
}

function pointwise(g: Float64Array, dimension: number): Omit<MetricOneJet, 'dg'> {
  const metric = new MatrixMetric(g, dimension);
  return { dimension, g, inverse: metric.solve(identity(dimension), dimension), halfLogDet: metric.logDet() / 2 };
}
