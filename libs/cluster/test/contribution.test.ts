import { describe, expect, it } from 'vitest';
import { findFault } from '../src/contribution.ts';
import { addContributions, emptyContribution } from '../src/index.ts';
import type { Contribution } from '../src/index.ts';
import { bitsOf, SHAPE, slotContribution } from './fixtures.ts';

function contribution(index: number, values: number[], count = 1): Contribution {
  return { block: { level: 0, index }, count, scalars: Float64Array.of(0.1), sums: Float32Array.from(values) };
}

describe('addContributions', () => {
  it('rounds each sum once to float32 and reuses the buffers of the left side', () => {
    const left = contribution(0, [0.1, 16_777_216]);
    const right = contribution(1, [0.2, 1]);
    const parent = addContributions(left, right);
    expect([...parent.sums]).toEqual([Math.fround(Math.fround(0.1) + Math.fround(0.2)), 16_777_216]);
    expect(parent.scalars[0]).toBe(0.2);
    expect(parent.block).toEqual({ level: 1, index: 0 });
    expect(parent.count).toBe(2);
    expect(parent.sums).toBe(left.sums);
  });

  it('takes a side without examples as the identity, negative zeros included', () => {
    const empty = (index: number): Contribution => emptyContribution({ level: 0, index }, { sumsLength: 1, scalarsLength: 1 });
    expect(Object.is(addContributions(contribution(0, [-0]), empty(1)).sums[0], -0)).toBe(true);
    expect(Object.is(addContributions(empty(0), contribution(1, [-0])).sums[0], -0)).toBe(true);
    expect(addContributions(empty(0), empty(1)).count).toBe(0);
  });

  it('refuses blocks that are not siblings, or siblings in the wrong order', () => {
    expect(() => addContributions(contribution(1, [1]), contribution(2, [1]))).toThrow(
      'addContributions: expected a left block and its right sibling, got 0:1 and 0:2',
    );
    expect(() => addContributions(contribution(1, [1]), contribution(0, [1]))).toThrow('got 0:1 and 0:0');
  });

  it('refuses other lengths', () => {
    expect(() => addContributions(contribution(0, [1]), contribution(1, [1, 2]))).toThrow(
      'expected 1 sums and 1 scalars, got 2 sums and 1 scalars',
    );
  });
});

describe('findFault', () => {
  const shape = { slots: 4, ...SHAPE };
  const sound = slotContribution(1, 2);

  it('finds nothing wrong with a sound contribution and leaves it as it was', () => {
    const before = bitsOf(sound);
    expect(findFault(sound, shape)).toBeUndefined();
    expect(bitsOf(sound)).toBe(before);
  });

  it.each([
    ['a block outside', { block: { level: 0, index: 4 } }, 'block: expected one of 4 slots, got 0:4'],
    ['too few sums', { sums: new Float32Array(4) }, 'sums: expected 5 elements, got 4'],
    ['too many scalars', { scalars: new Float64Array(3) }, 'scalars: expected 2 elements, got 3'],
    ['a negative count', { count: -1 }, 'count: expected a non-negative integer, got -1'],
    ['NaN', { sums: Float32Array.of(0, 0, Number.NaN, 0, 0) }, 'sums: expected finite numbers, got NaN at 2'],
    ['infinity', { scalars: Float64Array.of(0, -Infinity) }, 'scalars: expected finite numbers, got -Infinity at 1'],
  ])('names %s', (_, change, fault) => {
    expect(findFault({ ...sound, ...change }, shape)).toBe(fault);
  });
});
