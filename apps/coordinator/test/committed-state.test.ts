import type { StateEntry } from '@geodesic/engine';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { advanceState, initialState, type CommittedState, type StepMeasures } from '../src/committed-state.ts';

const decay = 0.9;
const table: readonly StateEntry[] = [
  { name: 'tau', initial: 1, rule: { kind: 'moving-average', column: 'score', decay, floor: 0.01 } },
  { name: 'lambda', initial: 0, rule: { kind: 'warmup', target: 0.5, steps: 4 } },
];

/** What a step measured; nothing but what is given. */
function measured(given: Partial<StepMeasures>): StepMeasures {
  return { step: 1, count: 1, means: new Map(), sums: new Map(), ...given };
}

/** The values after each of these means of the column `score`. */
function history(means: readonly number[]): CommittedState[] {
  let state = initialState(table);
  return means.map((mean, i) => (state = advanceState(table, state, measured({ step: i + 1, means: new Map([['score', mean]]) }))));
}

describe('advanceState', () => {
  it('averages without bias: after n steps the weights of the means are decay^(n - i), normalised', () => {
    const means = [3, 5, 2, 8];
    history(means).forEach(({ values }, last) => {
      const weights = means.slice(0, last + 1).map((_, i) => decay ** (last - i));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      expectClose(values[0], weights.reduce((sum, weight, i) => sum + weight * means[i], 0) / total, { rel: 1e-14 });
    });
  });

  it('lets the first mean count fully: the initial value is a placeholder', () => {
    expect(history([7])[0].values[0]).toBe(7);
  });

  it('never goes below the floor, and recovers from it', () => {
    const values = history([1e-6, 1e-6, 10]).map((state) => state.values[0]);
    expect(values.slice(0, 2)).toEqual([0.01, 0.01]);
    expect(values[2]).toBeGreaterThan(1);
  });

  it('gives a warm-up the value of the next step: step s sees target * min(1, s / steps), the first step the initial value', () => {
    expect(initialState(table).values[1]).toBe(0);
    expect(history([1, 1, 1, 1, 1]).map(({ values }) => values[1])).toEqual([0.25, 0.375, 0.5, 0.5, 0.5]);
  });

  it('leaves the state that it is given alone', () => {
    const before = initialState(table);
    advanceState(table, before, measured({ means: new Map([['score', 4]]) }));
    expect(before).toEqual(initialState(table));
  });

  it('averages a vector of sums divided by the count of examples, beside scalars', () => {
    const moments: readonly StateEntry[] = [
      ...table,
      { name: 'norm.mean', shape: [2], initial: 0, rule: { kind: 'moving-average-of-sum', sum: 'moments/norm', decay: 0.5 } },
    ];
    const means = new Map([['score', 1]]);
    const first = advanceState(moments, initialState(moments), measured({ count: 4, means, sums: new Map([['moments/norm', [8, -4]]]) }));
    expect([...first.values]).toEqual([1, 0.25, 2, -1]);
    const second = advanceState(moments, first, measured({ count: 2, means, sums: new Map([['moments/norm', [10, 4]]]) }));
    // Debias weight 0.5 + 1: (0.5 * 2 + 5) / 1.5 and (0.5 * -1 + 2) / 1.5.
    expectClose(second.values.slice(2), [4, 1], { rel: 1e-15 });
    expect(() => advanceState(moments, first, measured({ means }))).toThrow(
      "advanceState: norm.mean: expected a sum moments/norm of 2 numbers among the step's sums, got none",
    );
  });

  it('names the entry and the column that the examples do not have', () => {
    expect(() => advanceState(table, initialState(table), measured({}))).toThrow(
      'advanceState: tau: expected column score among the examples’ scalars, got none'.replace('’', "'"),
    );
  });
});
