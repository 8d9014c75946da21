import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockAccumulator } from '../src/index.ts';
import type { Block } from '../src/index.ts';
import { bitsOf, blockContribution, definition, PROPERTY, SHAPE, slotContribution } from './fixtures.ts';

describe('BlockAccumulator', () => {
  it('gives the bits of the recursive definition for any block', () => {
    const block: fc.Arbitrary<Block> = fc.record({ level: fc.nat(5), index: fc.nat(3) });
    const property = fc.property(fc.nat(1000), block, (seed, at) => {
      expect(bitsOf(blockContribution(seed, at))).toBe(bitsOf(definition(seed, at)));
    });
    fc.assert(property, PROPERTY);
  });

  it('leaves the pushed buffers to the caller', () => {
    const accumulator = new BlockAccumulator({ block: { level: 2, index: 0 }, ...SHAPE });
    const reused = slotContribution(7, 0);
    for (let slot = 0; slot < 4; slot += 1) {
      const { count, sums, scalars } = slotContribution(7, slot);
      reused.sums.set(sums);
      reused.scalars.set(scalars);
      accumulator.push({ ...reused, count, block: { level: 0, index: slot } });
    }
    expect(bitsOf(accumulator.finish())).toBe(bitsOf(definition(7, { level: 2, index: 0 })));
  });

  it('refuses a slot out of order, another shape, and an early finish', () => {
    const accumulator = new BlockAccumulator({ block: { level: 1, index: 1 }, ...SHAPE });
    expect(() => accumulator.push(slotContribution(1, 3))).toThrow('BlockAccumulator.push: expected slot 2 of block 1:1, got block 0:3');
    expect(() => accumulator.push({ ...slotContribution(1, 2), sums: new Float32Array(1) })).toThrow(
      'expected 5 sums and 2 scalars, got 1 and 2',
    );
    accumulator.push(slotContribution(1, 2));
    expect(() => accumulator.finish()).toThrow('BlockAccumulator.finish: expected slots up to 3, got slots up to 2');
  });
});
