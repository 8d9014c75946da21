import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryDelay } from '../src/backoff.ts';

describe('retryDelay', () => {
  it('draws uniformly below a bound that doubles up to 5 s', () => {
    const bounds = [1, 2, 3, 6, 7, 1000].map((attempt) => retryDelay(attempt, () => 1));
    expect(bounds).toEqual([100, 200, 400, 3200, 5000, 5000]);
  });

  it('is never negative and never above 5 s', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const ms = retryDelay(attempt, () => random);
        expect(ms >= 0 && ms <= 5000).toBe(true);
      }),
      { seed: 3 },
    );
  });
});
