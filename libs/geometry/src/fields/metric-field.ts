/**
 * Metric fields: a Riemannian metric on a chart, as a function of the coordinates that takes and gives jets, so that its derivatives
 * are exact. There are two ways in: the matrix g [d, d], and products g w with constant vectors w, which a low-rank field makes
 * without forming a matrix. Everything else (curvature, geodesics) asks for the jets that it needs.
 * Legend: d dimension, x a point [d], w vectors [d].
 */
import { MetricError, requireLength } from '../errors.ts';
import { Jet } from '../jets/jet.ts';
import type { Metric } from '../metric.ts';
import { MatrixMetric } from './matrix-metric.ts';

/** A metric on a chart of dimension d. Pure: one point, one metric. */
export interface MetricField {
  readonly dimension: number;
  /** g at a jet of d coordinates: [d, d]. */
  matrix(x: Jet): Jet;
  /** The products g w with constant vectors w, one row for each: [vectors, d]. */
  apply(x: Jet, vectors: readonly Float64Array[]): Jet;
  /** The metric at a point. @throws {NotPositiveDefiniteError} where the field is no metric */
  at(x: Float64Array): Metric;
}

/**
 * The field of a matrix-valued function: `matrix` maps a jet of d coordinates to one of [d, d] entries, symmetric positive definite
 * wherever it is asked. O(d^2) for each channel and vector.
 * @throws {MetricError} at use, when the sizes do not fit
 */
export function metricField(dimension: number, matrix: (x: Jet) => Jet): MetricField {
  const checked = (x: Jet): Jet => {
    requireLength('MetricField', 'x', x.values, dimension, `[${dimension}]`);
    const g = matrix(x);
    requireLength('MetricField', 'matrix', g.values, dimension * dimension, `[${dimension}, ${dimension}]`);
    return g;
  };
  return {
    dimension,
    matrix: checked,
    apply: (x, vectors) => rowsTimesVectors(checked(x), vectors),
    at: (x) => new MatrixMetric(checked(Jet.at(x, 0)).values, dimension),
  };
}

/** The same metric g everywhere, [d, d]: flat. @throws {MetricError} when the length is wrong */
export function constantField(g: Float64Array, dimension: number): MetricField {
  requireLength('constantField', 'g', g, dimension * dimension, `[${dimension}, ${dimension}]`);
  return metricField(dimension, (x) => Jet.constant(x.space, g));
}

/** Checks a point, or a tangent vector, of a field and returns it. @throws {MetricError} when it is not of d finite numbers */
export function requirePoint(operation: string, name: string, field: MetricField, x: ArrayLike<number>): Float64Array {
  requireLength(operation, name, x, field.dimension, `[${field.dimension}]`);
  const checked = Float64Array.from(x);
  const odd = checked.findIndex((entry) => !Number.isFinite(entry));
  if (odd >= 0) throw new MetricError(operation, `${name}[${odd}]`, 'a finite number', String(checked[odd]));
  return checked;
}

/** The products of a matrix jet [d, d], symmetric, with constant vectors: [vectors, d]. */
function rowsTimesVectors(g: Jet, vectors: readonly Float64Array[]): Jet {
  const d = Math.round(Math.sqrt(g.size));
  return g.linear(vectors.length * d, (entries, out) => {
    vectors.forEach((w, row) => {
      for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) out[row * d + i] += entries[i * d + j] * w[j];
    });
  });
}
