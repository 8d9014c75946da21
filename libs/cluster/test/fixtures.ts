/** Contributions whose float32 sums do not associate, and ways to cut, order and compare them. */
import fc from 'fast-check';
import { BlockAccumulator, slotsOf } from '../src/index.ts';
import type { Block, Contribution, RoundPlan } from '../src/index.ts';
import { seeded } from './seeded.ts';

export const SHAPE = { sumsLength: 5, scalarsLength: 2 } as const;

/** Fixed parameters of every property: a failure is the same failure tomorrow. */
export const PROPERTY = { seed: 20_261_121, numRuns: 300 } as const;

/** The contribution of one slot: a pure function of the seed; every fifth slot or so is empty. */
export function slotContribution(seed: number, slot: number): Contribution {
  const draw = seeded(seed * 1_000_003 + slot);
  const count = draw() < 0.2 ? 0 : 1 + Math.floor(draw() * 9);
  const value = (): number => (count === 0 ? 0 : (draw() * 2 - 1) * 10 ** (8 * draw() - 4));
  const scalars = Float64Array.from({ length: SHAPE.scalarsLength }, value);
  const sums = Float32Array.from({ length: SHAPE.sumsLength }, value);
  return { block: { level: 0, index: slot }, count, scalars, sums };
}

/** What a worker sends for a block. */
export function blockContribution(seed: number, block: Block): Contribution {
  const accumulator = new BlockAccumulator({ block, ...SHAPE });
  for (const slot of slotsOf(block)) accumulator.push(slotContribution(seed, slot));
  return accumulator.finish();
}

/** left + right by recursion: the definition that everything else must match bit for bit. */
export function definition(seed: number, block: Block): Contribution {
  if (block.level === 0) return slotContribution(seed, block.index);
  const half = (index: number): Contribution => definition(seed, { level: block.level - 1, index });
  const [left, right] = [half(2 * block.index), half(2 * block.index + 1)];
  if (left.count === 0 || right.count === 0) return { ...(right.count === 0 ? left : right), block };
  const sums = left.sums.map((value, i) => Math.fround(value + right.sums[i]));
  const scalars = left.scalars.map((value, i) => value + right.scalars[i]);
  return { block, count: left.count + right.count, scalars, sums };
}

/** All bits of a contribution as text. */
export function bitsOf({ block, count, scalars, sums }: Contribution): string {
  const hex = (array: Float32Array | Float64Array): string => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('hex');
  return `${block.level}:${block.index} ${count} ${hex(scalars)} ${hex(sums)}`;
}

/** A number of slots, 1 to 64. */
export const arbitrarySlots: fc.Arbitrary<number> = fc.integer({ min: 0, max: 6 }).map((level) => 2 ** level);

/** The elements in an order drawn from the seed. */
export function shuffled<T>(list: readonly T[], seed: number): T[] {
  const draw = seeded(seed);
  return list
    .map((item) => ({ item, key: draw() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

/** A round of `slots` slots. */
export function planOf(slots: number, changes: Partial<RoundPlan> = {}): RoundPlan {
  const base = { run: 'r', step: 1, attempt: 0, phase: 'grad', inputDigest: 'd', version: 0 };
  return { ...base, slots, ...SHAPE, ...changes };
}
