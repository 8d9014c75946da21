import { describe, expect, it } from 'vitest';
import { median, ProgressEstimator } from '../src/index.ts';

describe('ProgressEstimator', () => {
  it('estimates the rest from the median step, unmoved by a slow one', () => {
    const progress = new ProgressEstimator({ steps: 100 });
    expect(progress.estimate()).toEqual({ step: 0, steps: 100, share: 0, secondsPerStep: undefined, secondsLeft: undefined });
    for (const [index, seconds] of [0.5, 0.5, 60, 0.5, 0.5].entries()) progress.observe(index + 1, seconds);
    expect(progress.estimate()).toEqual({ step: 5, steps: 100, share: 0.05, secondsPerStep: 0.5, secondsLeft: 47.5 });
  });

  it('forgets steps beyond its window', () => {
    const progress = new ProgressEstimator({ steps: 10, window: 3 });
    for (const [index, seconds] of [9, 9, 9, 1, 1, 1].entries()) progress.observe(index + 1, seconds);
    expect(progress.estimate().secondsLeft).toBe(4);
  });

  it('is at its end when a run has no steps or has done them all', () => {
    expect(new ProgressEstimator({ steps: 0 }).estimate().share).toBe(1);
    const progress = new ProgressEstimator({ steps: 2 });
    progress.observe(2, 1);
    expect(progress.estimate()).toMatchObject({ share: 1, secondsLeft: 0 });
  });
});

describe('median', () => {
  it('is the middle value, or the mean of the middle two', () => {
    expect([median([]), median([3]), median([5, 1, 3]), median([4, 1, 3, 2])]).toEqual([undefined, 3, 3, 2.5]);
  });
});
