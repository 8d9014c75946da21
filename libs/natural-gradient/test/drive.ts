/** Drives the generator of a step as a coordinator does, with a function in the place of the cluster. */
import type { FloatArray, Optimizer, RoundRequest, Rounds, RoundTotals, StateTree, StepOutput } from '@geodesic/natural-gradient';

/** What a round comes to; an error is thrown into the step, as for a round that failed. */
export type Answer = (request: RoundRequest) => RoundTotals | Error;

/** Runs a computation to its end; every request is answered and kept. */
export function drive<T>(rounds: Rounds<T>, answer: Answer): { readonly result: T; readonly requests: readonly RoundRequest[] } {
  const requests: RoundRequest[] = [];
  let next = rounds.next();
  while (next.done !== true) {
    requests.push(next.value);
    const total = answer(next.value);
    next = total instanceof Error ? rounds.throw(total) : rounds.next(total);
  }
  return { result: next.value, requests };
}

/** Totals from plain objects. */
export function totalsOf(
  count: number,
  sums: Readonly<Record<string, ArrayLike<number>>>,
  columns: Readonly<Record<string, number>> = {},
): RoundTotals {
  return { count, sums: new Map(Object.entries(sums)), columns: new Map(Object.entries(columns)) };
}

/** All that a step with one round sees. */
export interface OneRound {
  readonly step: number;
  readonly count: number;
  readonly gradientSum: ArrayLike<number>;
  /** Handed over whether or not they were asked for. */
  readonly statistics?: ReadonlyMap<string, ArrayLike<number>>;
  readonly parameters: FloatArray;
}

/** A step whose only round is that of the gradient. */
export function takeStep(optimizer: Optimizer, state: StateTree, input: OneRound): StepOutput {
  const { step, parameters, count, gradientSum, statistics = new Map<string, ArrayLike<number>>() } = input;
  const totals = { count, columns: new Map<string, number>(), sums: new Map([...statistics, ['gradient', gradientSum]]) };
  return drive(optimizer.step(state, { step, parameters }), ({ program }) => {
    if (!program.startsWith('grad')) throw new Error(`expected the gradient's round only, got ${program}`);
    return totals;
  }).result;
}

/** The program of a step's first round. */
export function firstProgram(
  optimizer: Optimizer,
  state: StateTree,
  input: { readonly step: number; readonly parameters: FloatArray },
): string {
  const { value } = optimizer.step(state, input).next();
  return (value as RoundRequest).program;
}
