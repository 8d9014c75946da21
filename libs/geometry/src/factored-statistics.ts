/**
 * Additive statistics of factored metrics: sums of the diagonals [d] and of M = C C^T [r, r], and a count. They add across examples, slots and
 * workers, nothing is divided before the root, and S = diag(sumD / N) + U0 (sumM / N) U0^T is again a low-rank metric.
 */
import { matmul, symmetricEigen } from '@geodesic/linalg';
import { MetricError, requireLength } from './errors.ts';
import { factoredDiagonal, type FactoredFrame, type FactoredPoint } from './factored-metric.ts';
import { LowRankMetric } from './low-rank-metric.ts';

/** Sums over `count` points: sumD [d], sumM [r, r] symmetric. */
export interface FactoredStatistics {
  readonly sumD: Float64Array;
  readonly sumM: Float64Array;
  readonly count: number;
}

/** Sums over the given points; over none, the identity of addition. O(points (d q + r^3)). @throws {MetricError} when a length is wrong */
export function factoredStatistics(frame: FactoredFrame, points: Iterable<FactoredPoint>): FactoredStatistics {
  const { rank } = frame;
  const sumD = new Float64Array(frame.base.length);
  const sumM = new Float64Array(rank * rank);
  let count = 0;
  for (const { b, c } of points) {
    requireLength('factoredStatistics', 'c', c, rank * rank, `[${rank}, ${rank}]`);
    addTo(sumD, factoredDiagonal(frame, b));
    addTo(sumM, matmul(c, c, { m: rank, k: rank, n: rank, transposeB: true }));
    count++;
  }
  return { sumD, sumM, count };
}

/** The statistics of both sets of points together, in new arrays. @throws {MetricError} when their sizes differ */
export function addStatistics(a: FactoredStatistics, b: FactoredStatistics): FactoredStatistics {
  requireLength('addStatistics', 'sumD', b.sumD, a.sumD.length, 'as on the left');
  requireLength('addStatistics', 'sumM', b.sumM, a.sumM.length, 'as on the left');
  return { sumD: addTo(a.sumD.slice(), b.sumD), sumM: addTo(a.sumM.slice(), b.sumM), count: a.count + b.count };
}

/**
 * The mean metric S = E[g]; damp it with damped(). sumM may be singular: its square root comes from its spectrum, where
 * eigenvalues that rounding left below zero count as zero. O(d r^2 + r^3).
 * @throws {MetricError} when there are no points or a length is wrong
 */
export function meanMetric({ directions, rank }: FactoredFrame, { sumD, sumM, count }: FactoredStatistics): LowRankMetric {
  if (!(count > 0)) throw new MetricError('meanMetric', 'count', 'at least one point', String(count));
  requireLength('meanMetric', 'directions', directions, sumD.length * rank, `[${sumD.length}, ${rank}]`);
  const { values, vectors } = symmetricEigen(
    sumM.map((entry) => entry / count),
    rank,
  );
  const root = vectors.map((entry, at) => entry * Math.sqrt(Math.max(0, values[at % rank])));
  return new LowRankMetric({
    diagonal: sumD.map((entry) => entry / count),
    factor: matmul(directions, root, { m: sumD.length, k: rank, n: rank }),
    rank,
  });
}

function addTo(target: Float64Array, terms: Float64Array): Float64Array {
  for (let i = 0; i < target.length; i++) target[i] += terms[i];
  return target;
}
