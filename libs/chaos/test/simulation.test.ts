/** Exactness under faults: whole clusters of the real machines, every schedule drawn from a seed that a failure prints. */
import { describe, expect, it } from 'vitest';
import { describeFailure, plantedBugs, runSchedules, shellCutPoints, simulate } from '../src/index.ts';
import type { CutPoint, PlantedBug, SchedulesReport, SimulationOptions, Strike } from '../src/index.ts';

const SCHEDULES = 80;

function expectKept(options: SimulationOptions): void {
  const outcome = simulate(options);
  expect(outcome.failure, describeFailure(outcome)).toBeUndefined();
}

let known: SchedulesReport | undefined;
const total = (): SchedulesReport => (known ??= runSchedules({ from: 1, count: SCHEDULES }));

describe('simulate', () => {
  it('keeps every promise with any number of workers and no fault', () => {
    for (const workers of [1, 2, 3, 5, 7]) expectKept({ seed: workers, weather: 'calm', workers });
  });

  it('keeps every promise under faults', () => {
    const { failed, schedules } = total();
    expect(failed && describeFailure(failed)).toBeUndefined();
    expect(schedules).toBe(SCHEDULES);
  }, 120_000);

  it('shows the same again for the same seed', () => {
    expect(simulate({ seed: 7 })).toEqual(simulate({ seed: 7 }));
    expect(simulate({ seed: 7 }).events).not.toBe(simulate({ seed: 8 }).events);
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

/** Actions of the run's machine that come in a run without requests. */
const ACTIONS: readonly CutPoint[] = [
  'before begin-round',
  'before publish',
  'before append',
  'before advanced',
  'before committed',
  'before rejected',
  'before ended',
];
const OF_TAKE_OVER: readonly CutPoint[] = ['take-over: claimed', 'take-over: read', 'take-over: term durable', 'before reproduced'];

function expectSurvived(strikes: readonly Strike[], seed = 1): void {
  const outcome = simulate({ seed, weather: 'calm', workers: 3, strikes });
  expect(outcome.failure, describeFailure(outcome)).toBeUndefined();
  for (const { place } of strikes) expect(outcome.counts[`died ${place}`], `the run passes ${place}`).toBeGreaterThan(0);
}

describe('simulate with the death of everything at once', () => {
  const places = [...ACTIONS, ...shellCutPoints].filter((place) => !OF_TAKE_OVER.includes(place));
  it.each(places)('resumes with another number of workers: %s', (place) => {
    for (const nth of place === 'before ended' ? [1] : [1, 3]) expectSurvived([{ place, nth, workers: nth === 1 ? 1 : 5 }]);
  });

  it.each(OF_TAKE_OVER)('resumes again when it died while it was taken over: %s', (place) => {
    const first: Strike = { place: 'before append', nth: 6, workers: 2 };
    expectSurvived([first, { place, nth: 1, workers: 4 }]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7])('resumes before, at and after refreshed inverses, with and without its checkpoints: step %i', (step) => {
    const strike: Strike = { place: 'before committed', nth: step, workers: 2 };
    expectSurvived([strike]);
    expectSurvived([{ ...strike, keepsOnlyLog: true }]);
  });
});

describe('simulate with a planted bug', () => {
  it.each(Object.entries(plantedBugs))('finds %s within 200 schedules', (plant, { description }) => {
    const { failed, schedules } = runSchedules({ from: 1, count: 200, plant: plant as PlantedBug });
    expect(failed?.failure, `${description}: not found in ${schedules} schedules`).toBeDefined();
  });
});
