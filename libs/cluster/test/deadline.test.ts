import { describe, expect, it } from 'vitest';
import { Deadlines } from '../src/deadline.ts';

function after(samples: readonly number[], options = {}): Deadlines {
  const deadlines = new Deadlines({ minimumMs: 1, ...options });
  for (const sample of samples) deadlines.record('grad', sample);
  return deadlines;
}

describe('Deadlines', () => {
  it('is median + k MAD a slot', () => {
    // Median 10, absolute deviations 4 2 0 2 90, MAD 2.
    expect(after([6, 8, 10, 12, 100]).limit('grad', 1)).toBe(20);
    expect(after([6, 8, 10, 12, 100], { factor: 3 }).limit('grad', 4)).toBe(64);
  });

  it('waits for three samples, of each phase', () => {
    expect(after([10, 10]).limit('grad', 1)).toBeUndefined();
    expect(after([10, 10, 10]).limit('trial', 1)).toBeUndefined();
  });

  it('leaves some room where all samples agree, and is never below the minimum', () => {
    expect(after([10, 10, 10]).limit('grad', 2)).toBe(30);
    expect(after([10, 10, 10], { minimumMs: 50 }).limit('grad', 2)).toBe(50);
    expect(after([10, 10, 10], { minimumMs: undefined }).limit('grad', 2)).toBe(250);
  });

  it('forgets what is long ago', () => {
    const deadlines = after([...Array<number>(40).fill(1000), ...Array<number>(32).fill(10)]);
    expect(deadlines.typical('grad')).toBe(10);
  });
});
