import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketLengths } from '../src/index.ts';

describe('bucketLengths', () => {
  it('puts each example into the first bucket that holds it', () => {
    const { bucketOf, members, padding } = bucketLengths([3, 8, 9, 0, 16, 4], { boundaries: [4, 8, 16] });
    expect(Array.from(bucketOf)).toEqual([0, 1, 2, 0, 2, 0]);
    expect(members.map((examples) => Array.from(examples))).toEqual([[0, 3, 5], [1], [2, 4]]);
    expect(padding).toBe((3 * 4 + 8 + 2 * 16) / 40);
  });

  it('keeps every example once, and never pads by more than one bucket needs', () => {
    const boundaries = [2, 5, 11, 30];
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 40 }), (lengths) => {
        const { bucketOf, members } = bucketLengths(lengths, { boundaries });
        expect(members.flatMap((examples) => Array.from(examples)).sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
        lengths.forEach((length, i) => {
          expect(length).toBeLessThanOrEqual(boundaries[bucketOf[i]]);
          expect(length).toBeGreaterThan(boundaries[bucketOf[i] - 1] ?? -1);
        });
      }),
      { seed: 3, numRuns: 50 },
    );
  });

  it.each([
    [[1, 40], [8, 32], 'bucketLengths: expected lengths from 0 to 32, got 40 at example 1 (add a boundary, or cut the sequence)'],
    [[-1], [8], 'bucketLengths: expected lengths from 0 to 8, got -1 at example 0'],
    [[1], [8, 8], 'bucketLengths: expected boundaries that are positive and ascending, got 8, 8'],
    [[1], [], 'bucketLengths: expected boundaries that are positive and ascending, got none'],
  ])('refuses lengths %j with boundaries %j', (lengths, boundaries, message) => {
    expect(() => bucketLengths(lengths, { boundaries })).toThrow(message);
  });
});
