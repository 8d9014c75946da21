/**
 * How well a sequence of T tasks was kept: a_ij is the accuracy (or any score, the larger the better) on task j after training on task i.
 * Sources: Lopez-Paz and Ranzato 2017 (average, backward transfer); Chaudhry et al. 2018 (forgetting); golden/10.
 */
import { ShapeError } from '@geodesic/tensor';

/** Three means over tasks, in the unit of the scores. */
export interface ContinualMeasures {
  /** mean over j of a_Tj: what the network can do at the end. */
  readonly averageFinal: number;
  /** mean over j < T of max_{i < T} a_ij - a_Tj: what was lost since the best; 0 for one task. */
  readonly forgetting: number;
  /** mean over j < T of a_Tj - a_jj: what later tasks changed; negative where they harmed; 0 for one task. */
  readonly backwardTransfer: number;
}

/** The measures of a square matrix of scores, one row for each task trained. @throws {ShapeError} when it is empty or not square */
export function continualMeasures(accuracy: readonly (readonly number[])[]): ContinualMeasures {
  const tasks = accuracy.length;
  const bad = accuracy.find((row) => row.length !== tasks);
  if (tasks === 0 || bad !== undefined)
    throw new ShapeError('continualMeasures', `${tasks || 'at least 1'} scores a row`, `${bad?.length ?? 0}`);
  const final = accuracy[tasks - 1];
  const earlier = final.slice(0, -1).map((score, j) => ({
    lost: Math.max(...accuracy.slice(0, -1).map((row) => row[j])) - score,
    moved: score - accuracy[j][j],
  }));
  return {
    averageFinal: mean(final),
    forgetting: mean(earlier.map(({ lost }) => lost)),
    backwardTransfer: mean(earlier.map(({ moved }) => moved)),
  };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
