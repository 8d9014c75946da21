/**
 * One statistic over time: its debiased mean after one more batch, with everything that a batch can do wrong as an error that names
 * the layer.
 */
import { MissingStatisticsError, NonFiniteError, StepInputError } from '../errors.ts';
import { nextMean } from '../moving-average.ts';
import { squaredNorm } from '../vector.ts';
import type { StatisticsBatch } from './curvature.ts';

/** A statistic `<sum>/<layer>` and the weight of its mean, which already counts the batch. */
export interface StatisticMean {
  readonly layer: string;
  /** Such as `A`. */
  readonly sum: string;
  readonly mean: Float64Array;
  readonly weight: number;
}

/**
 * The mean after one more batch, in one pass: a factor may have millions of entries.
 * @throws {MissingStatisticsError | StepInputError | NonFiniteError}
 */
export function absorbStatistic({ layer, sum: name, mean, weight }: StatisticMean, batch: StatisticsBatch): Float64Array {
  const key = `${name}/${layer}`;
  const sum = batch.statistics.get(key);
  if (sum === undefined) throw new MissingStatisticsError(layer, key, batch.step);
  if (sum.length !== mean.length)
    throw new StepInputError(`statistics '${key}'`, `a full matrix of ${mean.length} entries`, `${sum.length} entries`);
  const next = nextMean(mean, sum, weight, batch.count);
  if (!Number.isFinite(squaredNorm(next))) requireFinite(layer, key, sum);
  return next;
}

/** Large but finite entries may pass: their squares overflow first. */
function requireFinite(subject: string, key: string, sum: ArrayLike<number>): void {
  for (let index = 0; index < sum.length; index++) {
    const value = sum[index];
    if (!Number.isFinite(value)) throw new NonFiniteError({ quantity: 'statistics', subject, detail: `factor '${key}'`, index, value });
  }
}
