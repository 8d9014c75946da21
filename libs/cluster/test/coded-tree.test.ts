import { roundSums, type FactorCodecKind, type SumsCodec } from '@geodesic/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addContributions,
  BlockAccumulator,
  CoordinatorMachine,
  planRound,
  ReductionTree,
  rootBlock,
  roundAtLevel,
  slotsOf,
} from '../src/index.ts';
import type { Block, Contribution, RoundPlan } from '../src/index.ts';
import { bitsOf, shuffled } from './fixtures.ts';
import { seeded } from './seeded.ts';

/** A plain sum, a factor of 3 x 3, a plain sum, a factor of 2 x 2. */
const LENGTHS = { sumsLength: 11, scalarsLength: 1 } as const;
const PROPERTY = { seed: 20_261_121, numRuns: 300 } as const;

function codecAt(level: number, kind: FactorCodecKind): SumsCodec {
  return {
    level,
    segments: [
      { offset: 1, size: 3, kind },
      { offset: 8, size: 2, kind },
    ],
  };
}

/** Sums of outer products of a few random rows; every fifth slot or so is empty. */
function rawSlot(seed: number, slot: number): Contribution {
  const draw = seeded(seed * 1_000_003 + slot);
  const count = draw() < 0.2 ? 0 : 1 + Math.floor(draw() * 4);
  const sums = new Float32Array(LENGTHS.sumsLength);
  for (let row = 0; row < count; row++) {
    const [a, b, c, d] = [0, 1, 2, 3].map((i) => (draw() * 2 - 1) * 10 ** i);
    [d, a * a, a * b, a * c, b * b, b * c, c * c, a, c * c, c * d, d * d].forEach((value, i) => (sums[i] += value));
  }
  return { block: { level: 0, index: slot }, count, scalars: Float64Array.of(count), sums };
}

type Worker = (seed: number, block: Block, codec: SumsCodec) => Contribution;

/** What a worker sends for a block. */
const worker: Worker = (seed, block, codec) => {
  const accumulator = new BlockAccumulator({ block, ...LENGTHS, codec });
  for (const slot of slotsOf(block)) accumulator.push(roundAtLevel(rawSlot(seed, slot), codec));
  return accumulator.finish();
};

/** The fault that the rule is about: a worker that codes the sum of whatever block it happens to have. */
const careless: Worker = (seed, block, codec) => {
  const accumulator = new BlockAccumulator({ block, ...LENGTHS });
  for (const slot of slotsOf(block)) accumulator.push(rawSlot(seed, slot));
  const sent = accumulator.finish();
  roundSums(sent.sums, codec.segments);
  return sent;
};

/** The definition: left + right, rounded at the one level, empty sides the identity. */
function definition(seed: number, block: Block, codec: SumsCodec): Contribution {
  const node = block.level === 0 ? rawSlot(seed, block.index) : joined(seed, block, codec);
  if (block.level === codec.level && node.count > 0) roundSums(node.sums, codec.segments);
  return node;
}

function joined(seed: number, { level, index }: Block, codec: SumsCodec): Contribution {
  const [left, right] = [0, 1].map((half) => definition(seed, { level: level - 1, index: 2 * index + half }, codec));
  return addContributions(left, right);
}

/** A random partition of a block into dyadic blocks. */
function partition(block: Block, draw: () => number): Block[] {
  if (block.level === 0 || draw() < 0.3) return [block];
  return [0, 1].flatMap((half) => partition({ level: block.level - 1, index: 2 * block.index + half }, draw));
}

/** The root's bits when workers split the slots in some way and their contributions come in some order. */
function reduced(options: { slots: number; seed: number; codec: SumsCodec; compute: Worker; split: number }): string {
  const { slots, seed, codec, compute, split } = options;
  const tree = new ReductionTree({ slots, codec });
  for (const block of shuffled(partition(rootBlock(slots), seeded(split)), split)) tree.accept(compute(seed, block, codec));
  return bitsOf(tree.total());
}

const cases = fc.record({
  slots: fc.integer({ min: 0, max: 5 }).map((level) => 2 ** level),
  seed: fc.nat(10_000),
  split: fc.nat(10_000),
  level: fc.integer({ min: 0, max: 6 }),
  kind: fc.constantFrom<FactorCodecKind>('bf16', 'fp16', 'int8'),
});

describe('roundAtLevel', () => {
  it('makes any partition of the slots among workers reduce to the same bits, for every codec and level', () => {
    fc.assert(
      fc.property(cases, ({ level, kind, ...rest }) => {
        const codec = codecAt(level, kind);
        expect(reduced({ ...rest, codec, compute: worker })).toBe(bitsOf(definition(rest.seed, rootBlock(rest.slots), codec)));
      }),
      PROPERTY,
    );
  });

  it('does what coding the sums of blocks does not: those depend on how the slots are split', () => {
    for (const kind of ['bf16', 'fp16', 'int8'] as const) {
      const codec = codecAt(0, kind);
      const differing = Array.from({ length: 50 }, (_, seed) => seed).filter((seed) => {
        const [one, other] = [1, 2].map((split) => reduced({ slots: 16, seed, codec, compute: careless, split }));
        return one !== other;
      });
      expect(differing.length).toBeGreaterThan(40);
    }
  });

  it('rounds only the coded segments, only at its level, and never the identity', () => {
    const codec = codecAt(1, 'bf16');
    const slot = [1, 2, 3, 4, 5, 6, 7].map((seed) => rawSlot(seed, 0)).find(({ count }) => count > 0)!;
    const before = bitsOf(slot);
    expect(bitsOf(roundAtLevel(slot, codec))).toBe(before);
    const node = roundAtLevel({ ...slot, count: 2, block: { level: 1, index: 0 }, sums: slot.sums.slice() }, codec);
    expect(node.sums).not.toEqual(slot.sums);
    expect([node.sums[0], node.sums[7]]).toEqual([slot.sums[0], slot.sums[7]]);
    const empty = { ...node, count: 0, sums: slot.sums.slice() };
    expect(roundAtLevel(empty, codec).sums).toEqual(slot.sums);
  });
});

describe('a round with a codec', () => {
  const plan = (codec: SumsCodec): RoundPlan => {
    const position = { version: 0, chain: '00', checksum: '00' };
    return planRound({ run: 'r', plan: { step: 1, attempt: 0, phase: 'grad-stats', slots: 4, ...LENGTHS, codec }, position });
  };

  it('is rounded by the coordinator where slots meet there', () => {
    const codec = codecAt(1, 'int8');
    const machine = new CoordinatorMachine({ leaseMs: 1000 });
    const round = plan(codec);
    expect(round.codec).toEqual(codec);
    machine.handle({ type: 'begin-round', at: 0, plan: round });
    const actions = [0, 1, 2, 3].flatMap((slot) => {
      const contribution = worker(7, { level: 0, index: slot }, codec);
      return machine.handle({ type: 'contribution', at: 0, worker: 'w', incarnation: 'i', round, contribution });
    });
    const complete = actions.find((action) => action.type === 'round-complete')!;
    expect(bitsOf(complete.total)).toBe(bitsOf(definition(7, rootBlock(4), codec)));
    expect(bitsOf(complete.total)).not.toBe(bitsOf(definition(7, rootBlock(4), codecAt(9, 'int8'))));
  });

  it('is refused when its segments do not fit the sums', () => {
    const codec: SumsCodec = { level: 0, segments: [{ offset: 9, size: 2, kind: 'bf16' }] };
    const begin = (faulty: SumsCodec): unknown =>
      new CoordinatorMachine({ leaseMs: 1000 }).handle({ type: 'begin-round', at: 0, plan: plan(faulty) });
    expect(() => begin(codec)).toThrow(
      'round plan: codec: expected segments that fit the sums, got segment: expected its end within 11 sums',
    );
    expect(() => begin(codecAt(-1, 'bf16'))).toThrow('round plan: codec.level: expected a non-negative integer, got -1');
  });
});
