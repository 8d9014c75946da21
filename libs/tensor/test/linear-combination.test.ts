import { describe, expect, it } from 'vitest';
import { linearCombination } from '../src/index.ts';

describe('linearCombination', () => {
  const x = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i));
  const y = Float32Array.from({ length: 1000 }, (_, i) => Math.cos(i));

  it('rounds both products and their sum, once each', () => {
    const expected = Float32Array.from(x, (value, i) => Math.fround(Math.fround(0.3 * value) + Math.fround(0.9 * y[i])));
    expect(linearCombination(0.3, x, 0.9, y)).toEqual(expected);
  });

  it('differs from one rounding at the end, so that the rule matters', () => {
    const once = Float32Array.from(x, (value, i) => 0.3 * value + 0.9 * y[i]);
    expect(linearCombination(0.3, x, 0.9, y)).not.toEqual(once);
  });

  it('refuses vectors of two lengths', () => {
    expect(() => linearCombination(1, x, 1, y.subarray(1))).toThrow('linearCombination: y: expected 1000 elements, got 999');
  });
});
