/**
 * Descent with the whole Fisher (Gauss-Newton) matrix of a group, matrix-free: d = (F + lambda I)^-1 g by conjugate gradients, a round for
 * each product. The last solution, times zeta, is the next first guess; a curvature of the group may precondition.
 */
import type { CgConfig } from '../config.ts';
import type { Curvature, StatisticsBatch } from '../curvature/curvature.ts';
import { type Rounds, roundsOf } from '../rounds.ts';
import type { StateTree } from '../state.ts';
import { conjugateGradients } from './conjugate-gradients.ts';
import type { Descent, Direction, DirectionInput } from './descent.ts';

/** What is not in the group's options. */
export interface CgOptions {
  /** n, numbers of the group. */
  readonly size: number;
  /** What `config.preconditioner` asks for, of the group's size; none by default. */
  readonly preconditioner?: Curvature | undefined;
}

/** What of a group's options decides the direction. */
export type CgMethod = Pick<CgConfig, 'iterations' | 'tolerance' | 'progress' | 'warmStart' | 'preconditioner'>;

/** Martens 2010. */
const defaultProgress = 5e-4;

/** Conjugate gradients as a descent. State: `solution` [n], the last one, and the preconditioner's. */
export function createCg(config: CgMethod, options: CgOptions): Descent {
  return new CgDescent(config, options);
}

class CgDescent implements Descent {
  readonly #config: CgMethod;
  readonly #options: CgOptions;

  constructor(config: CgMethod, options: CgOptions) {
    this.#config = config;
    this.#options = options;
  }

  initialState(): StateTree {
    const { size, preconditioner } = this.#options;
    return { ...preconditioner?.initialState(), solution: new Float64Array(size) };
  }

  /** At the preconditioner's cadence, and while it knows nothing. */
  statisticsDue(step: number, state: StateTree): boolean {
    const { preconditioner } = this.#options;
    if (preconditioner === undefined) return false;
    return this.#isDue(step, 'statisticsEvery') || !preconditioner.isKnown(ofPreconditioner(state));
  }

  absorb(state: StateTree, batch: StatisticsBatch): StateTree {
    return { ...state, ...this.#options.preconditioner?.absorb(ofPreconditioner(state), batch) };
  }

  *direction(state: StateTree, input: DirectionInput): Rounds<Direction> {
    const { iterations, tolerance, progress = defaultProgress, warmStart } = this.#config;
    const { preconditioner } = this.#options;
    const { step, gradient, damping, scatter, gather } = input;
    const known = yield* this.#refreshed(ofPreconditioner(state), input);
    const last = state['solution'];
    const found = yield* conjugateGradients({
      step,
      gradient,
      damping,
      iterations,
      tolerance,
      progress,
      scatter,
      gather,
      start: warmStart > 0 && last.some((entry) => entry !== 0) ? last.map((entry) => warmStart * entry) : undefined,
      precondition: preconditioner && ((residual) => preconditioner.solve(known, residual)),
    });
    const { solution, ...report } = found;
    return {
      direction: solution.slice(),
      state: { ...known, solution },
      layers: preconditioner?.report(known, step) ?? [],
      report,
    };
  }

  *#refreshed(known: StateTree, { step, damping, refresh }: DirectionInput): Rounds<StateTree> {
    const { preconditioner } = this.#options;
    if (preconditioner === undefined) return known;
    if (!refresh && preconditioner.isReady(known) && !this.#isDue(step, 'inverseEvery')) return known;
    return yield* roundsOf(preconditioner.refresh(known, { step, damping }));
  }

  #isDue(step: number, cadence: 'statisticsEvery' | 'inverseEvery'): boolean {
    return (step - 1) % (this.#config.preconditioner?.[cadence] ?? 1) === 0;
  }
}

function ofPreconditioner(state: StateTree): StateTree {
  const { solution: _solution, ...rest } = state;
  return rest;
}
