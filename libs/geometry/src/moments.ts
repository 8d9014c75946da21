/**
 * Moments of a number over points or probes (the log volume 1/2 ln det g, an estimate of curvature), as sums that add across slots and
 * workers; the root divides once.
 */

/** Sums over `count` numbers v: v and v^2. */
export interface Moments {
  readonly count: number;
  readonly sum: number;
  readonly sumSquares: number;
}

/** Mean, mean square, population variance and standard error of the mean. */
export interface MomentSummary {
  readonly mean: number;
  readonly meanSquare: number;
  /** Divided by the count, never below 0. */
  readonly variance: number;
  /** sqrt(variance / (count - 1)); NaN for fewer than two numbers. */
  readonly standardError: number;
}

/** The sums of some numbers. */
export function momentsOf(numbers: Iterable<number>): Moments {
  let [count, sum, sumSquares] = [0, 0, 0];
  for (const v of numbers) {
    count++;
    sum += v;
    sumSquares += v * v;
  }
  return { count, sum, sumSquares };
}

/** The sums of both sets of numbers together. */
export function addMoments(a: Moments, b: Moments): Moments {
  return { count: a.count + b.count, sum: a.sum + b.sum, sumSquares: a.sumSquares + b.sumSquares };
}

/** What the sums say; NaN for no numbers. */
export function summarizeMoments({ count, sum, sumSquares }: Moments): MomentSummary {
  const mean = sum / count;
  const meanSquare = sumSquares / count;
  const variance = Math.max(0, meanSquare - mean * mean);
  return { mean, meanSquare, variance, standardError: count > 1 ? Math.sqrt(variance / (count - 1)) : Number.NaN };
}
