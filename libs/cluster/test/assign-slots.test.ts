import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignSlots, slotsOf } from '../src/index.ts';
import { PROPERTY, shuffled } from './fixtures.ts';

describe('assignSlots', () => {
  it('gives three workers contiguous shares of eight slots', () => {
    const assigned = assignSlots({ workers: ['c', 'a', 'b'], uncovered: [0, 1, 2, 3, 4, 5, 6, 7] });
    expect([...assigned].map(([worker, blocks]) => [worker, blocks.flatMap(slotsOf)])).toEqual([
      ['a', [0, 1]],
      ['b', [2, 3, 4]],
      ['c', [5, 6, 7]],
    ]);
  });

  it('covers every slot once, evenly, whatever the order of its input', () => {
    const workers = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 });
    const property = fc.property(workers, fc.uniqueArray(fc.nat(63)), fc.nat(), (names, slots, seed) => {
      const assigned = assignSlots({ workers: names, uncovered: slots });
      const sizes = [...assigned.values()].map((blocks) => blocks.flatMap(slotsOf).length);
      expect([...assigned.values()].flat().flatMap(slotsOf)).toEqual([...slots].sort((a, b) => a - b));
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      const again = assignSlots({ workers: shuffled(names, seed), uncovered: shuffled(slots, seed) });
      expect([...again]).toEqual([...assigned]);
    });
    fc.assert(property, PROPERTY);
  });

  it('assigns nothing to nobody', () => {
    expect(assignSlots({ workers: [], uncovered: [0, 1] }).size).toBe(0);
  });
});
