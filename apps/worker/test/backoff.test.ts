import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { politeDelay, reconnectDelay, retryDelay } from '../src/backoff.ts';

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

describe('reconnectDelay', () => {
  it('makes an outage at most half longer, by no more than 5 s', () => {
    const bounds = [0, 100, 1000, 4000, 60_000].map((outage) => reconnectDelay(outage, () => 1));
    expect(bounds).toEqual([100, 100, 500, 2000, 5000]);
    expect(reconnectDelay(1000, () => 0)).toBe(0);
  });
});

describe('politeDelay', () => {
  it('never comes back before it was asked to, and not all at once', () => {
    expect([0, 0.5, 1].map((draw) => politeDelay(1000, () => draw))).toEqual([1000, 1250, 1500]);
  });
});
