/**
 * The first rounds of every step: burn-in batches of statistics before the first step of a run, then the gradient, with statistics when a
 * group wants them. Sums are divided by the count here, once.
 */
import type { Layout } from '@geodesic/tensor';
import { StepInputError } from './errors.ts';
import { requireFinite } from './finite.ts';
import type { Group } from './group.ts';
import { NaturalGroup } from './natural-group.ts';
import type { Rounds, RoundTotals } from './rounds.ts';
import { scopeOf, type StateTree } from './state.ts';
import { divideInto, squaredNorm } from './vector.ts';

/** The groups of an optimiser over one theta. */
export interface OptimizedModel {
  readonly groups: readonly Group[];
  readonly layout: Layout;
  /** Some group's layers have input factors that never change, so that there is a program without them. */
  readonly hasConstantInputs: boolean;
}

/** What is known after the gradient's round. */
export interface GradientRound {
  readonly step: number;
  /** Real examples behind the sums, at least 1. */
  readonly count: number;
  /** Mean gradient without any L2 term: [P], written into by no one. */
  readonly gradient: Float64Array;
  /** |gradient|^2 */
  readonly gradientSquare: number;
  /** Sums of the per-example columns. */
  readonly columns: ReadonlyMap<string, number>;
  readonly statistics: ReadonlyMap<string, ArrayLike<number>>;
  /** Each group's state, burn-in included, the step's own statistics not. */
  readonly states: readonly StateTree[];
}

/**
 * Asks for the rounds. `scratch` [P] holds the gradient afterwards.
 * @throws {NonFiniteError} naming the parameter
 */
export function* gradientRound(
  model: OptimizedModel,
  state: StateTree,
  { step, scratch }: { step: number; scratch: Float64Array },
): Rounds<GradientRound> {
  const before = model.groups.map((group) => scopeOf(state, group.name));
  const states = state['step'][0] === 0 ? yield* burnIn(model.groups, before, step) : before;
  const totals = yield { program: programOf(model, states, step) };
  const { count, columns, sums: statistics } = checked(totals);
  const sum = statistics.get('gradient');
  if (sum?.length !== scratch.length) {
    throw new StepInputError("sum 'gradient'", `${scratch.length} entries`, sum ? `${sum.length} entries` : undefined);
  }
  divideInto(scratch, sum, count);
  const gradientSquare = squaredNorm(scratch);
  requireFinite(scratch, model.layout, 'gradient', gradientSquare);
  return { step, count, gradient: scratch, gradientSquare, columns, statistics, states };
}

function programOf({ groups, hasConstantInputs }: OptimizedModel, states: readonly StateTree[], step: number): string {
  const due = groups.some((group, i) => group.statisticsDue(step, states[i]));
  if (!due) return 'grad';
  const isComplete = groups.every((group, i) => !(group instanceof NaturalGroup) || !group.usesStatistics || states[i]['batches'][0] > 0);
  return hasConstantInputs && isComplete ? 'grad-stats-moving' : 'grad-stats';
}

/** Batch k goes into every group whose burn-in is longer than k. */
function* burnIn(groups: readonly Group[], before: readonly StateTree[], step: number): Rounds<readonly StateTree[]> {
  const lengths = groups.map((group) => (group instanceof NaturalGroup ? group.burnIn : 0));
  let states = before;
  for (let index = 0; index < Math.max(...lengths); index++) {
    const { count, sums: statistics } = checked(yield { program: 'burnin', index });
    states = groups.map((group, i) =>
      group instanceof NaturalGroup && index < lengths[i] ? group.absorb(states[i], { step, count, statistics }) : states[i],
    );
  }
  return states;
}

function checked(totals: RoundTotals): RoundTotals {
  if (Number.isSafeInteger(totals.count) && totals.count >= 1) return totals;
  throw new StepInputError('count', 'an integer of at least 1', totals.count);
}
