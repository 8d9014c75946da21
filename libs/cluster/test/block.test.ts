import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coverSlots, isBlockOf } from '../src/block.ts';
import { dyadicBlocks, rootBlock, slotsOf } from '../src/index.ts';
import { PROPERTY } from './fixtures.ts';

describe('dyadicBlocks', () => {
  it('cuts [2, 5) of eight slots into a pair and a single slot', () => {
    expect(dyadicBlocks(2, 5)).toEqual([
      { level: 1, index: 1 },
      { level: 0, index: 4 },
    ]);
  });

  it('covers exactly the range, in order, with at most 2 log2 blocks', () => {
    const range = fc.tuple(fc.nat(200), fc.nat(200));
    const property = fc.property(range, ([from, length]) => {
      const blocks = dyadicBlocks(from, from + length);
      expect(blocks.flatMap(slotsOf)).toEqual(Array.from({ length }, (_, i) => from + i));
      expect(blocks.length).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(length + 2)));
    });
    fc.assert(property, PROPERTY);
  });

  it('refuses a range that runs backwards', () => {
    expect(() => dyadicBlocks(3, 1)).toThrow('dyadicBlocks: expected integers 0 <= from <= to, got [3, 1)');
  });
});

describe('coverSlots', () => {
  it('covers any set of slots exactly', () => {
    const property = fc.property(fc.uniqueArray(fc.nat(63)), (slots) => {
      expect(coverSlots(slots).flatMap(slotsOf)).toEqual([...slots].sort((a, b) => a - b));
    });
    fc.assert(property, PROPERTY);
  });
});

describe('rootBlock', () => {
  it('is the block of all slots', () => {
    expect(rootBlock(16)).toEqual({ level: 4, index: 0 });
  });

  it.each([0, 3, -4, 2.5, Number.NaN])('refuses %s slots', (slots) => {
    expect(() => rootBlock(slots)).toThrow('rootBlock: expected slots to be a power of two');
  });
});

describe('isBlockOf', () => {
  it('rejects blocks beyond the slots and numbers that are not indices', () => {
    expect(isBlockOf({ level: 1, index: 3 }, 8)).toBe(true);
    for (const block of [
      { level: 1, index: 4 },
      { level: 4, index: 0 },
      { level: -1, index: 0 },
      { level: 0.5, index: 0 },
      { level: 31, index: 1 },
    ]) {
      expect(isBlockOf(block, 8)).toBe(false);
    }
  });
});
