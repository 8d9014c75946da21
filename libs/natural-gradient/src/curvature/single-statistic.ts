/**
 * What curvatures with one sum for each layer have in common (diagonal, dense block, unit-wise): its debiased mean, and when it was
 * last used. Keys: the sum's own name, `weight`, `inverseStep` (0: none yet), `moved`; with `tracksDrift` `reference`, the mean at the
 * last refresh.
 */
import { MissingStatisticsError } from '../errors.ts';
import { nextWeight } from '../moving-average.ts';
import { relativeChange } from '../damping/relative-change.ts';
import { scalar, type StateTree } from '../state.ts';
import type { RefreshOptions, StatisticsBatch } from './curvature.ts';
import { absorbStatistic } from './statistic.ts';

/** Which sum, and how it is averaged. */
export interface SingleStatisticOptions {
  readonly layer: string;
  /** Such as `D`. */
  readonly sum: string;
  /** Entries. */
  readonly length: number;
  /** Per absorbed batch, in [0, 1). */
  readonly decay: number;
  readonly tracksDrift: boolean;
}

/** The averages of one layer. */
export class SingleStatistic {
  readonly #options: SingleStatisticOptions;

  constructor(options: SingleStatisticOptions) {
    this.#options = options;
  }

  initialState(): StateTree {
    const { sum, length, tracksDrift } = this.#options;
    const own = { [sum]: new Float64Array(length), weight: scalar(0), inverseStep: scalar(0), moved: scalar(0) };
    return { ...own, ...(tracksDrift && { reference: new Float64Array(length) }) };
  }

  absorb(state: StateTree, batch: StatisticsBatch): StateTree {
    const { layer, sum, decay, tracksDrift } = this.#options;
    const weight = nextWeight(state['weight'][0], decay);
    const mean = absorbStatistic({ layer, sum, mean: state[sum], weight }, batch);
    const moved = tracksDrift ? relativeChange(mean, state['reference']) : 1;
    return { ...state, [sum]: mean, weight: scalar(weight), moved: scalar(moved) };
  }

  /** The entries that a refresh changes. */
  refreshed(state: StateTree, { step }: RefreshOptions): StateTree {
    const { sum, tracksDrift } = this.#options;
    return { inverseStep: scalar(step), moved: scalar(0), ...(tracksDrift && { reference: state[sum] }) };
  }

  /** @throws {MissingStatisticsError} when nothing was absorbed yet */
  requireKnown(state: StateTree, step: number): void {
    const { layer, sum } = this.#options;
    if (state['weight'][0] === 0) throw new MissingStatisticsError(layer, `${sum}/${layer}`, step);
  }
}
