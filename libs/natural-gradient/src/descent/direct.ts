/**
 * Direct descent: U = (C + lambda I)^-1 gradient by the inverse that a curvature keeps. Statistics are absorbed and inverses formed at
 * cadences of their own; between two refreshes U belongs to an older C and lambda, which costs a little progress and saves the cubes.
 */
import type { StatisticsConfig } from '../config.ts';
import type { BlockCurvature } from '../curvature/block-curvature.ts';
import type { StatisticsBatch } from '../curvature/curvature.ts';
import { type Rounds, roundsOf } from '../rounds.ts';
import type { StateTree } from '../state.ts';
import type { Descent, Direction, DirectionInput } from './descent.ts';

/** When statistics are absorbed and inverses formed. */
export type Cadence = Pick<StatisticsConfig, 'statisticsEvery' | 'inverseEvery' | 'inverseWhenMoved'>;

/** What a direct descent is made from. */
export interface DirectDescentOptions {
  readonly curvature: BlockCurvature;
  /** Names of the curvature's layers, in the order of theta. */
  readonly layers: readonly string[];
  readonly cadence: Cadence;
}

/** Descent by a curvature's own inverse. State: that of the curvature, and where refreshes wait for movement `refreshDue`, 0 or 1 for each layer. */
export class DirectDescent implements Descent {
  readonly #options: DirectDescentOptions;
  /** 0: refreshes do not wait. */
  readonly #movement: number;

  constructor(options: DirectDescentOptions) {
    this.#options = options;
    this.#movement = options.cadence.inverseWhenMoved ?? 0;
  }

  initialState(): StateTree {
    const { curvature, layers } = this.#options;
    return { ...curvature.initialState(), ...(this.#movement > 0 && { refreshDue: new Float64Array(layers.length) }) };
  }

  /** At the cadence, and whenever something is not known yet. */
  statisticsDue(step: number, state: StateTree): boolean {
    const { cadence, curvature } = this.#options;
    return isDue(step, cadence.statisticsEvery) || !curvature.isKnown(state);
  }

  absorb(state: StateTree, batch: StatisticsBatch): StateTree {
    return { ...state, ...this.#options.curvature.absorb(state, batch) };
  }

  *direction(state: StateTree, input: DirectionInput): Rounds<Direction> {
    const { curvature } = this.#options;
    const { step, gradient } = input;
    const known = { ...state, ...(yield* this.#prepared(state, input)) };
    return {
      direction: curvature.solve(known, gradient),
      state: { ...known, ...this.#decided(known) },
      layers: curvature.report(known, step),
      report: {},
    };
  }

  multiply(state: StateTree, v: Float64Array): Float64Array {
    return this.#options.curvature.multiply(state, v);
  }

  /** The curvature's state with inverses (or at least moments) as of this step. */
  *#prepared(state: StateTree, { step, damping, refresh }: DirectionInput): Rounds<StateTree> {
    const { curvature, cadence } = this.#options;
    const only = refresh || !curvature.isReady(state) ? undefined : this.#due(state, step);
    if (only === undefined || only.size > 0) return yield* roundsOf(curvature.refresh(state, { step, damping, only }));
    if (curvature.moments && isDue(step, cadence.statisticsEvery)) return yield* curvature.moments(state, step);
    return state;
  }

  /** The layers to refresh at a step. */
  #due(state: StateTree, step: number): ReadonlySet<string> {
    const { cadence, layers } = this.#options;
    if (!isDue(step, cadence.inverseEvery)) return new Set();
    return new Set(this.#movement === 0 ? layers : layers.filter((_, i) => state['refreshDue'][i] === 1));
  }

  /** Taken from statistics that are committed with this step; holds from the next one, so that no step decides about itself. */
  #decided(state: StateTree): StateTree {
    if (this.#movement === 0) return {};
    const { curvature, layers } = this.#options;
    const moved = curvature.movedLayers(state, this.#movement);
    return { refreshDue: Float64Array.from(layers, (layer) => (moved.has(layer) ? 1 : 0)) };
  }
}

function isDue(step: number, every: number): boolean {
  return (step - 1) % every === 0;
}
