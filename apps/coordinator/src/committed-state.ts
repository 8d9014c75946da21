/**
 * The state vector that workers hold beside the parameters: moving averages of per-example measurements, and schedules.
 * It changes at commits only, by the rules of the bundle's table; moving averages are debiased, x_t = x_(t-1) + (m - x_(t-1)) / w_t
 * with w_t = decay w_(t-1) + 1, so that the first mean counts fully.
 */
import type { StateEntry } from '@geodesic/engine';
import { nextWeight } from '@geodesic/natural-gradient';

/** Values and weights of the state table; plain data, replaced at every commit. */
export interface CommittedState {
  /** In table order. */
  readonly values: Float64Array;
  /** Debias weights of the moving averages, 0 elsewhere. */
  readonly weights: Float64Array;
}

/** The state before the first step. */
export function initialState(table: readonly StateEntry[]): CommittedState {
  return { values: Float64Array.from(table, ({ initial }) => initial), weights: new Float64Array(table.length) };
}

/**
 * The state after a step; `means` holds the column means of the step's examples by name. Schedules take the value that holds for the
 * NEXT step, so that nothing a step computes decides about itself.
 */
export function advanceState(
  table: readonly StateEntry[],
  state: CommittedState,
  step: number,
  means: ReadonlyMap<string, number>,
): CommittedState {
  const values = state.values.slice();
  const weights = state.weights.slice();
  table.forEach(({ name, rule }, i) => {
    switch (rule.kind) {
      case 'moving-average': {
        const mean = means.get(rule.column);
        if (mean === undefined)
          throw new RangeError(`advanceState: ${name}: expected column ${rule.column} among the examples' scalars, got none`);
        weights[i] = nextWeight(weights[i], rule.decay);
        values[i] = Math.max(rule.floor, values[i] + (mean - values[i]) / weights[i]);
        break;
      }
      case 'warmup':
        values[i] = rule.target * Math.min(1, (step + 1) / rule.steps);
        break;
    }
  });
  return { values, weights };
}
