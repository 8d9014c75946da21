/** Everything dies at once, at each cut point in turn, and another number of workers takes the run up. */
import { describe, expect, it } from 'vitest';
import { describeFailure, shellCutPoints, simulate } from '../src/index.ts';
import type { CutPoint, Strike } from '../src/index.ts';

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
