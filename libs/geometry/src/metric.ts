/**
 * A Riemannian metric at one point, g: a symmetric positive definite bilinear form on the tangent space, whatever its parameterisation.
 * Vectors are float64 [d]; several at once are the columns of a row-major matrix [d, columns].
 */

/** What every metric can do. Results are new arrays that the caller owns. */
export interface Metric {
  /** Dimension d of the tangent space. */
  readonly dimension: number;
  /** g v for v [d, columns]; columns default to 1. @throws {MetricError} when the length is wrong */
  multiply(v: Float64Array, columns?: number): Float64Array;
  /** g^-1 v for v [d, columns]; columns default to 1. @throws {MetricError} when the length is wrong */
  solve(v: Float64Array, columns?: number): Float64Array;
  /** ln det g, in nats. */
  logDet(): number;
  /** g as [d, d]; for tests and small d. */
  toDense(): Float64Array;
}

/** The squared length v^T g v of a tangent vector [d]. @throws {MetricError} when the length is wrong */
export function squaredLength(metric: Metric, v: Float64Array): number {
  return dot(v, metric.multiply(v));
}

/** The factor sqrt(det g) by which the metric scales coordinate volume. */
export function volumeElement(metric: Metric): number {
  return Math.exp(metric.logDet() / 2);
}

/** The sum of products of two vectors of one length. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
