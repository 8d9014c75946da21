/**
 * Moments of the log volume v = 1/2 ln det g over points, as sums that add across slots and workers; the root divides once.
 */

/** Sums over `count` points: v and v^2, v in nats. */
export interface VolumeMoments {
  readonly count: number;
  readonly sum: number;
  readonly sumSquares: number;
}

/** The sums of the log volumes of some points. */
export function volumeMoments(logVolumes: Iterable<number>): VolumeMoments {
  let [count, sum, sumSquares] = [0, 0, 0];
  for (const v of logVolumes) {
    count++;
    sum += v;
    sumSquares += v * v;
  }
  return { count, sum, sumSquares };
}

/** The sums of both sets of points together. */
export function addMoments(a: VolumeMoments, b: VolumeMoments): VolumeMoments {
  return { count: a.count + b.count, sum: a.sum + b.sum, sumSquares: a.sumSquares + b.sumSquares };
}

/** Mean, mean square and population variance (divided by the count, never below 0); NaN for no points. */
export function summarizeMoments({ count, sum, sumSquares }: VolumeMoments): {
  readonly mean: number;
  readonly meanSquare: number;
  readonly variance: number;
} {
  const mean = sum / count;
  const meanSquare = sumSquares / count;
  return { mean, meanSquare, variance: Math.max(0, meanSquare - mean * mean) };
}
