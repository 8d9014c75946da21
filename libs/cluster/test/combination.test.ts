import { describe, expect, it } from 'vitest';
import { combine } from '../src/index.ts';

describe('combine', () => {
  it('rounds both products and their sum, once each', () => {
    const [direction, previous] = [Float32Array.of(0.1, -3, 1e-8), Float32Array.of(0.7, 2, 1)];
    const [alpha, mu] = [Math.fround(0.3), Math.fround(0.9)];
    const expected = [0, 1, 2].map((i) => Math.fround(Math.fround(alpha * direction[i]) + Math.fround(mu * previous[i])));
    expect([...combine(direction, previous, alpha, mu)]).toEqual(expected);
  });

  it('differs from one rounding at the end, so that the rule matters', () => {
    const size = 1000;
    const direction = Float32Array.from({ length: size }, (_, i) => Math.sin(i));
    const previous = Float32Array.from({ length: size }, (_, i) => Math.cos(i));
    const combined = combine(direction, previous, 0.3, 0.9);
    expect(combined.some((value, i) => value !== Math.fround(0.3 * direction[i] + 0.9 * previous[i]))).toBe(true);
  });

  it('takes an empty last change for none, and only where none is wanted', () => {
    const none = new Float32Array(0);
    expect([...combine(Float32Array.of(2), none, 0.5, 0)]).toEqual([1]);
    expect(() => combine(Float32Array.of(2), none, 1, 0.5)).toThrow('combine: previous: expected 1 elements, got 0 (the run must keep');
    expect(() => combine(Float32Array.of(2), new Float32Array(2), 1, 0)).toThrow('combine: previous: expected 1 elements, got 2');
  });
});
