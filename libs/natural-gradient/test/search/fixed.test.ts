/** The search `fixed`: what a gradient that is not finite leads to. The steps themselves: optimizer.test.ts. */
import { createOptimizer, type GroupConfig, RoundFailedError, SearchFailedError, type StepOutput } from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { drive, totalsOf } from '../drive.ts';
import { adam, groups, kfacParameters, layers, layout, numbers, outerSums } from '../fixtures.ts';

const parameters = new Float32Array(numbers(5, layout.size));
const sums = {
  gradient: numbers(7, layout.size).map((value) => 30 * value),
  'A/stem': outerSums(1, 4, 30),
  'S/stem': outerSums(2, 4, 30),
  'A/head': outerSums(3, 4, 30),
  'S/head': outerSums(4, 2, 30),
};
const failed = new RoundFailedError({ reason: 'Sqrt makes NaN', worker: 'worker-2' });

const optimizerOf = (configs: readonly GroupConfig[]) => createOptimizer({ groups: configs, layers, parameters: layout, totalSteps: 20 });

function take(optimizer: ReturnType<typeof optimizerOf>, state: StepOutput['state'], step: number, fails = false): StepOutput {
  return drive(optimizer.step(state, { step, parameters }), () => (fails ? failed : totalsOf(30, sums))).result;
}

describe('a gradient that is not finite, with K-FAC in a group', () => {
  const optimizer = optimizerOf(groups);
  const first = take(optimizer, optimizer.initialState(), 1);
  const back = take(optimizer, first.state, 2, true);

  it('takes the last change back, forgets the momentum and says why', () => {
    expect(back.delta).toEqual(first.delta.map((value) => -value));
    expect(back.rejected).toEqual({ reason: 'Sqrt makes NaN', damping: 4e-2 });
    expect(first.state['dense/velocity'].some((value) => value !== 0)).toBe(true);
    expect(back.state['dense/velocity'].every((value) => value === 0)).toBe(true);
    expect(back.measured).toBeUndefined();
  });

  it('damps four times more from then on, and marks the next attempt', () => {
    const { result, requests } = drive(optimizer.step(back.state, { step: 2, parameters }), () => totalsOf(30, sums));
    expect(requests.map(({ attempt }) => attempt)).toEqual([1]);
    expect(result.report['damping/dense']).toBeCloseTo(4e-2 + 1e-3, 12);
    expect(take(optimizer, first.state, 2).report['damping/dense']).toBeCloseTo(1e-2 + 1e-3, 12);
    expect(take(optimizer, result.state, 3).report['damping/dense']).toBeCloseTo(4e-2 + 1e-3, 12);
  });

  it('has nothing to take back at the first step, or right after a change was taken back', () => {
    expect(() => take(optimizer, optimizer.initialState(), 1, true)).toThrow(failed);
    expect(() => take(optimizer, back.state, 2, true)).toThrow(failed);
  });

  it('stops after six in a row', () => {
    let state = back.state;
    const rejectOnce = (): void => {
      const step = state['step'][0] + 1;
      ({ state } = take(optimizer, take(optimizer, state, step).state, step + 1, true));
    };
    for (let i = 2; i <= 5; i++) rejectOnce();
    expect(rejectOnce).toThrow(SearchFailedError);
  });

  it('counts anew after two good steps', () => {
    let state = back.state;
    for (let step = 2; step < 20; step += 2) {
      ({ state } = take(optimizer, take(optimizer, state, step).state, step + 1));
      ({ state } = take(optimizer, state, step + 2, true));
    }
    expect(state['search/rejections'][0]).toBe(1);
  });
});

it('ends a run of first-order groups alone, which have no damping to grow', () => {
  const optimizer = optimizerOf([{ name: 'all', parameters: [...kfacParameters, 'scale'], ...adam }]);
  const first = take(optimizer, optimizer.initialState(), 1);
  expect(Object.keys(first.state).some((key) => key.startsWith('search/'))).toBe(false);
  expect(() => take(optimizer, first.state, 2, true)).toThrow(failed);
});
