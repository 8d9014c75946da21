/**
 * The state vector that workers hold beside the parameters: moving averages of per-example measurements and of sums, and schedules.
 * It changes at commits only, by the rules of the bundle's table, in float64; moving averages are debiased,
 * x_t = x_(t-1) + (m - x_(t-1)) / w_t with w_t = decay w_(t-1) + 1, so that the first mean counts fully.
 */
import { stateLayout, type StateEntry } from '@geodesic/engine';
import { nextWeight } from '@geodesic/natural-gradient';

/** Values and weights of the state table; plain data, replaced at every commit. */
export interface CommittedState {
  /** One entry of the table after the other. */
  readonly values: Float64Array;
  /** Debias weights of the moving averages by entry of the table, 0 elsewhere. */
  readonly weights: Float64Array;
}

/** What a step measured, over all of its examples. */
export interface StepMeasures {
  readonly step: number;
  /** Real examples, at least 1. */
  readonly count: number;
  /** Means of the columns. */
  readonly means: ReadonlyMap<string, number>;
  /** Sums by name. */
  readonly sums: ReadonlyMap<string, ArrayLike<number>>;
}

/** The state before the first step. */
export function initialState(table: readonly StateEntry[]): CommittedState {
  const { entries, size } = stateLayout(table);
  const values = new Float64Array(size);
  entries.forEach(({ offset, size: length }, i) => values.fill(table[i].initial, offset, offset + length));
  return { values, weights: new Float64Array(table.length) };
}

/**
 * The state after a step. Schedules take the value that holds for the NEXT step, so that nothing a step computes decides about itself.
 * @throws {RangeError} when a column or sum that a rule wants was not measured
 */
export function advanceState(table: readonly StateEntry[], state: CommittedState, measures: StepMeasures): CommittedState {
  const { entries } = stateLayout(table);
  const values = state.values.slice();
  const weights = state.weights.slice();
  table.forEach((entry, i) => {
    const { rule } = entry;
    const part = values.subarray(entries[i].offset, entries[i].offset + entries[i].size);
    if (rule.kind === 'warmup') {
      part.fill(rule.target * Math.min(1, (measures.step + 1) / rule.steps));
      return;
    }
    weights[i] = nextWeight(weights[i], rule.decay);
    const floor = rule.kind === 'moving-average' ? rule.floor : -Infinity;
    const observed = observation(entry, part.length, measures);
    for (let k = 0; k < part.length; k++) part[k] = Math.max(floor, part[k] + (observed[k] - part[k]) / weights[i]);
  });
  return { values, weights };
}

/** The mean that an entry's moving average takes in. */
function observation({ name, rule }: StateEntry, size: number, { count, means, sums }: StepMeasures): ArrayLike<number> {
  if (rule.kind === 'moving-average-of-sum') {
    const sum = sums.get(rule.sum);
    if (sum?.length === size) return Float64Array.from(sum, (value) => value / count);
    const got = sum ? `${sum.length} numbers` : 'none';
    throw new RangeError(`advanceState: ${name}: expected a sum ${rule.sum} of ${size} numbers among the step's sums, got ${got}`);
  }
  const column = rule.kind === 'moving-average' ? rule.column : '';
  const mean = means.get(column);
  if (mean !== undefined) return new Float64Array(size).fill(mean);
  throw new RangeError(`advanceState: ${name}: expected column ${column} among the examples' scalars, got none`);
}
