import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignSlots, ReductionTree, rootBlock } from '../src/index.ts';
import type { Block } from '../src/index.ts';
import { arbitrarySlots, bitsOf, blockContribution, definition, PROPERTY, shuffled, slotContribution } from './fixtures.ts';
import { seeded } from './seeded.ts';

/** A random partition of a block into dyadic blocks. */
function partition(block: Block, draw: () => number): Block[] {
  if (block.level === 0 || draw() < 0.3) return [block];
  const half = (index: number): Block[] => partition({ level: block.level - 1, index }, draw);
  return [...half(2 * block.index), ...half(2 * block.index + 1)];
}

function reduce(seed: number, slots: number, blocks: readonly Block[]): string {
  const tree = new ReductionTree({ slots });
  for (const block of blocks) tree.accept(blockContribution(seed, block));
  return bitsOf(tree.total());
}

describe('ReductionTree', () => {
  it('reduces any partition in any arrival order to the same bits', () => {
    const property = fc.property(arbitrarySlots, fc.nat(10_000), (slots, seed) => {
      const blocks = shuffled(partition(rootBlock(slots), seeded(seed)), seed + 1);
      expect(reduce(seed, slots, blocks)).toBe(bitsOf(definition(seed, rootBlock(slots))));
    });
    fc.assert(property, PROPERTY);
  });

  it('reduces the assignments of one to eight workers to the same bits', () => {
    const property = fc.property(arbitrarySlots, fc.nat(10_000), fc.integer({ min: 1, max: 8 }), (slots, seed, count) => {
      const workers = Array.from({ length: count }, (_, i) => `w${i}`);
      const uncovered = Array.from({ length: slots }, (_, slot) => slot);
      const blocks = shuffled([...assignSlots({ workers, uncovered }).values()].flat(), seed);
      expect(reduce(seed, slots, blocks)).toBe(bitsOf(definition(seed, rootBlock(slots))));
    });
    fc.assert(property, PROPERTY);
  });

  it('differs from a sum in arrival order, so that these tests can fail', () => {
    const slots = 16;
    const differing = Array.from({ length: 100 }, (_, seed) => seed).filter((seed) => {
      const sums = new Float32Array(5);
      const order = shuffled(
        Array.from({ length: slots }, (_, slot) => slot),
        seed,
      );
      for (const slot of order) for (const [i, value] of slotContribution(seed, slot).sums.entries()) sums[i] += value;
      return definition(seed, rootBlock(slots)).sums.some((value, i) => value !== sums[i]);
    });
    expect(differing.length).toBeGreaterThan(95);
  });

  it('accepts duplicates and supersets at any time without changing a bit', () => {
    const property = fc.property(fc.nat(10_000), (seed) => {
      const slots = 16;
      const draw = seeded(seed);
      const tree = new ReductionTree({ slots });
      while (!tree.complete) {
        const level = Math.floor(draw() * 4);
        const block = { level, index: Math.floor(draw() * (slots >> level)) };
        const news = tree.covers(block) ? 'duplicate' : 'accepted';
        expect(tree.accept(blockContribution(seed, block))).toBe(news);
      }
      expect(bitsOf(tree.total())).toBe(bitsOf(definition(seed, rootBlock(slots))));
    });
    fc.assert(property, PROPERTY);
  });

  it('answers overlap to a superset with fewer examples than its accepted parts', () => {
    const tree = new ReductionTree({ slots: 4 });
    tree.accept({ ...slotContribution(1, 0), count: 9 });
    expect(tree.accept({ ...blockContribution(1, { level: 1, index: 0 }), count: 8 })).toBe('overlap');
    expect(tree.uncovered()).toEqual([1, 2, 3]);
  });

  it('lists the uncovered slots, and has no total before all are covered', () => {
    const tree = new ReductionTree({ slots: 8 });
    tree.accept(blockContribution(1, { level: 1, index: 1 }));
    tree.accept(blockContribution(1, { level: 0, index: 5 }));
    expect(tree.uncovered()).toEqual([0, 1, 4, 6, 7]);
    expect(() => tree.total()).toThrow('ReductionTree.total: expected all slots covered, got 5 missing');
  });

  it('refuses a block outside the tree', () => {
    expect(() => new ReductionTree({ slots: 4 }).accept(slotContribution(1, 4))).toThrow('expected a block in 2:0, got 0:4');
  });
});
