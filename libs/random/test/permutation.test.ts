import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveKey, permutation } from '../src/index.ts';

const seed = 20240605;

describe('permutation', () => {
  it('holds every index once', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 200 }), (runSeed, n) => {
        const order = permutation(deriveKey(runSeed), n);
        expect([...order].toSorted((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
      { seed },
    );
  });

  it('is a pure function of the key', () => {
    expect(permutation(deriveKey(3, 'epoch', 1), 50)).toEqual(permutation(deriveKey(3, 'epoch', 1), 50));
    expect(permutation(deriveKey(3, 'epoch', 1), 50)).not.toEqual(permutation(deriveKey(3, 'epoch', 2), 50));
  });

  it('gives the 24 orders of four things equally often (chi-square below the 99.99 % quantile, 23 degrees of freedom)', () => {
    const draws = 24_000;
    const counts = new Map<string, number>();
    for (let i = 0; i < draws; i++) {
      const order = permutation(deriveKey(1, 'chi-square', i), 4).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const expected = draws / 24;
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(58.6);
  });

  it('refuses a length that is no count', () => {
    expect(() => permutation(deriveKey(1), -1)).toThrow('permutation: expected a length that is a whole number from 0 to 2^31 - 1, got -1');
  });
});
