/** The promises under more schedules than a unit test has time for; prints how fast it went. */
import { describe, expect, it } from 'vitest';
import { describeFailure, runSchedules } from '../src/index.ts';
import type { SchedulesReport } from '../src/index.ts';

const SCHEDULES = 2200;

let known: SchedulesReport | undefined;
const total = (): SchedulesReport => (known ??= runSchedules({ from: 10_001, count: SCHEDULES }));

describe('simulate', () => {
  it(`keeps every promise in ${SCHEDULES} schedules`, () => {
    const began = performance.now();
    const { failed, schedules, events, counts } = total();
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

  it.each([
    'killed worker',
    'killed coordinator',
    'killed everything',
    'joined',
    'joined in quad',
    'joined in trial',
    'stopped',
    'continued',
    'cut',
    'slow',
    'straggler',
    'draining',
    'exit: drained',
    'exit: deposed',
    'exit: stopped',
    'exit: refused',
    'rival',
    'power cut',
    'sync failed',
    'journal damaged',
    'checkpoint damaged',
    'checkpoint skipped',
    'replayed',
    'reproduced',
    'computed',
    'lost',
    'repeated',
    'accepted',
    'duplicate',
    'stale',
    'corrupt',
    'quarantine',
    'dispute',
    'deferred',
    'evicted',
    'abandoned',
    'gone',
    'paused',
    'control pause',
    'control resume',
    'control scale',
    'control drain',
  ])('really meets what it claims: %s', (what) => {
    expect(total().counts[what] ?? 0).toBeGreaterThan(0);
  });
});
