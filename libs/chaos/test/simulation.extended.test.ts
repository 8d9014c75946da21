/** The promises under more schedules than a unit test has time for; prints how fast it went. */
import { describe, expect, it } from 'vitest';
import { describeFailure, runSchedules } from '../src/index.ts';

const SCHEDULES = 2200;

describe('simulate', () => {
  it(`keeps every promise in ${SCHEDULES} schedules`, () => {
    const began = performance.now();
    const { failed, schedules, events, counts } = runSchedules({ from: 10_001, count: SCHEDULES });
    const seconds = (performance.now() - began) / 1000;
    const faults = ['killed worker', 'killed coordinator', 'stopped', 'cut', 'slow', 'corrupt', 'lost', 'repeated', 'rival', 'sync failed']
      .map((what) => counts[what] ?? 0)
      .concat(Object.entries(counts).flatMap(([what, count]) => (what.startsWith('died ') ? [count] : [])))
      .reduce((sum, count) => sum + count, 0);
    const rate = (count: number): string => Math.round(count / seconds).toLocaleString('en');
    console.log(`${schedules} schedules, ${seconds.toFixed(1)} s: ${rate(events)} events/s, ${rate(faults)} faults/s`);
    expect(failed && describeFailure(failed)).toBeUndefined();
    expect(schedules).toBe(SCHEDULES);
  });
});
