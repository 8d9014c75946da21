/** Exactness under faults: whole clusters of the real machines, every schedule drawn from a seed that a failure prints. Many more are extended. */
import { describe, expect, it } from 'vitest';
import { describeFailure, runSchedules, simulate } from '../src/index.ts';

const SCHEDULES = 30;

describe('simulate', () => {
  it('keeps every promise with any number of workers and no fault', () => {
    for (const workers of [1, 2, 3, 5, 7]) {
      const outcome = simulate({ seed: workers, weather: 'calm', workers });
      expect(outcome.failure, describeFailure(outcome)).toBeUndefined();
    }
  });

  it('keeps every promise under faults', () => {
    const { failed, schedules } = runSchedules({ from: 1, count: SCHEDULES });
    expect(failed && describeFailure(failed)).toBeUndefined();
    expect(schedules).toBe(SCHEDULES);
  });

  it('shows the same again for the same seed', () => {
    expect(simulate({ seed: 7 })).toEqual(simulate({ seed: 7 }));
    expect(simulate({ seed: 7 }).events).not.toBe(simulate({ seed: 8 }).events);
  });
});
