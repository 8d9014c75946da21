/**
 * The factored metric: for large d the metrics of all points share their directions, and a point supplies only small numbers.
 *   g(x) = diag(D0 exp(P b(x))) + U0 M(x) U0^T,   M = C C^T
 * with shared D0 [d], P [d, q], U0 [d, r] and, for each point, b [q] and C [r, r]. The mean of such metrics is one of them, so that
 * S = E[g] needs only sums of size d + r^2, which workers add (factored-statistics.ts).
 */
import { matmul } from '@geodesic/linalg';
import { requireLength } from './errors.ts';
import { LowRankMetric } from './low-rank-metric.ts';

/** What all points share: base D0 [d] positive, exponents P [d, q], directions U0 [d, r]. */
export interface FactoredFrame {
  readonly base: Float64Array;
  readonly exponents: Float64Array;
  readonly directions: Float64Array;
  /** q, entries of b. */
  readonly basis: number;
  /** r, columns of U0. */
  readonly rank: number;
}

/** What a point supplies: b [q] and C [r, r]. */
export interface FactoredPoint {
  readonly b: Float64Array;
  readonly c: Float64Array;
}

/** The diagonal D0 exp(P b), [d]. @throws {MetricError} when a length is wrong */
export function factoredDiagonal({ base, exponents, basis }: FactoredFrame, b: Float64Array): Float64Array {
  const d = base.length;
  requireLength('factoredDiagonal', 'exponents', exponents, d * basis, `[${d}, ${basis}]`);
  requireLength('factoredDiagonal', 'b', b, basis, `[${basis}]`);
  return matmul(exponents, b, { m: d, k: basis, n: 1 }).map((exponent, i) => base[i] * Math.exp(exponent));
}

/** The metric of a point, as a low-rank metric with factor U0 C. O(d r^2). @throws {MetricError} when a length is wrong */
export function factoredMetric(frame: FactoredFrame, { b, c }: FactoredPoint): LowRankMetric {
  const { base, directions, rank } = frame;
  const d = base.length;
  requireLength('factoredMetric', 'directions', directions, d * rank, `[${d}, ${rank}]`);
  requireLength('factoredMetric', 'c', c, rank * rank, `[${rank}, ${rank}]`);
  const factor = matmul(directions, c, { m: d, k: rank, n: rank });
  return new LowRankMetric({ diagonal: factoredDiagonal(frame, b), factor, rank });
}
