/**
 * The Fisher anchor: the Gaussian negative log-likelihood of a score s under N(0, g),
 *   nll = (ln det g + s^T g^-1 s) / 2,   without the constant d/2 ln 2 pi.
 * Its expectation over s = d log p(y | x) / dx, y ~ p, is least at g = E[s s^T | x], the Fisher information pulled back to x.
 * With w = g^-1 s the gradient by g is (g^-1 - w w^T) / 2; for g = diag(D) + U U^T: by D its diagonal, by U twice its product with U.
 */
import { requireLength } from './errors.ts';
import type { LowRankMetric } from './low-rank-metric.ts';
import { dot } from './metric.ts';

/** The value, in nats, and its gradients by D [d] and U [d, r]. */
export interface FisherAnchor {
  readonly nll: number;
  readonly gradDiagonal: Float64Array;
  readonly gradFactor: Float64Array;
}

/** The anchor of one point for one score [d]. O(d r^2), without forming g^-1. @throws {MetricError} when the length is wrong */
export function fisherAnchor(metric: LowRankMetric, score: Float64Array): FisherAnchor {
  const { dimension, rank, diagonal, factor } = metric;
  requireLength('fisherAnchor', 'score', score, dimension, `[${dimension}]`);
  const w = metric.solve(score);
  const solvedFactor = metric.solve(factor, rank);
  const gradDiagonal = new Float64Array(dimension);
  const gradFactor = new Float64Array(dimension * rank);
  const along = new Float64Array(rank);
  for (let at = 0; at < factor.length; at++) along[at % rank] += w[Math.floor(at / rank)] * factor[at];
  for (let i = 0; i < dimension; i++) {
    // Row i of g^-1 = D^-1 - (g^-1 U)(D^-1 U)^T, on the diagonal.
    let inverse = 1;
    for (let p = i * rank; p < (i + 1) * rank; p++) {
      inverse -= solvedFactor[p] * factor[p];
      gradFactor[p] = solvedFactor[p] - w[i] * along[p - i * rank];
    }
    gradDiagonal[i] = (inverse / diagonal[i] - w[i] * w[i]) / 2;
  }
  return { nll: (metric.logDet() + dot(score, w)) / 2, gradDiagonal, gradFactor };
}
