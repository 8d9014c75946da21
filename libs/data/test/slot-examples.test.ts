import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluationExamples, evaluationSlots, slotExamples } from '../src/index.ts';

interface Plan {
  readonly size: number;
  readonly slots: number;
  /** Examples of the batches, again and again. */
  readonly batches: readonly number[];
}

const plans: fc.Arbitrary<Plan> = fc.record({
  size: fc.integer({ min: 1, max: 400 }),
  slots: fc.integer({ min: 0, max: 5 }).map((level) => 2 ** level),
  batches: fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 5 }),
});

/** The examples of a batch, slot by slot, padding left out. */
function examplesOf(
  { size, slots }: Pick<Plan, 'size' | 'slots'>,
  at: { seed: number; position: number; batchExamples: number },
): number[] {
  const slotSize = Math.ceil(at.batchExamples / slots);
  const rows = Array.from({ length: slots }, (_, slot) => [...slotExamples({ ...at, size, slotSize, slot })]);
  return rows.flat().filter((example) => example >= 0);
}

/** All examples of an epoch, in the order visited: batches of any sizes, one after the other. */
function epochOf(plan: Plan, seed: number, epoch: number): number[] {
  const seen: number[] = [];
  for (let step = 0; seen.length < plan.size; step++) {
    const batchExamples = plan.batches[step % plan.batches.length];
    seen.push(...examplesOf(plan, { seed, position: epoch * plan.size + seen.length, batchExamples }));
  }
  return seen;
}

describe('slotExamples', () => {
  it('visits every example exactly once an epoch, for batches of any sizes and any number of slots', () => {
    fc.assert(
      fc.property(plans, fc.nat(1000), fc.nat(3), (plan, seed, epoch) => {
        const everything = Array.from({ length: plan.size }, (_, index) => index);
        expect(epochOf(plan, seed, epoch).toSorted((a, b) => a - b)).toEqual(everything);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it('visits them in the same order however they are cut into batches and slots', () => {
    fc.assert(
      fc.property(plans, fc.nat(1000), (plan, seed) => {
        expect(epochOf(plan, seed, 0)).toEqual(epochOf({ ...plan, slots: 1, batches: [plan.size] }, seed, 0));
      }),
      { seed: 2, numRuns: 60 },
    );
  });

  it('gives the same slot whatever was asked for before and whatever became of the answer', () => {
    const request = { seed: 5, size: 100, batchExamples: 32, slotSize: 8, position: 264, slot: 2 };
    const first = [...slotExamples(request)];
    slotExamples(request).fill(7);
    slotExamples({ ...request, seed: 6, position: 0 });
    expect([...slotExamples(request)]).toEqual(first);
  });

  it('permutes anew every epoch and for every seed', () => {
    const plan = { size: 50, batches: [10], slots: 2 };
    expect(epochOf(plan, 1, 0)).not.toEqual(epochOf(plan, 1, 1));
    expect(epochOf(plan, 1, 0)).not.toEqual(epochOf(plan, 2, 0));
  });

  it('pads the short last batch of an epoch with -1', () => {
    const plan = { seed: 1, size: 10, batchExamples: 8, slotSize: 2, position: 8 };
    const slots = [0, 1, 2, 3].map((slot) => [...slotExamples({ ...plan, slot })].map((position) => position >= 0));
    expect(slots).toEqual([
      [true, true],
      [false, false],
      [false, false],
      [false, false],
    ]);
  });

  it('refuses positions and slots out of range', () => {
    const request = { seed: 1, size: 10, batchExamples: 8, slotSize: 2, position: 0, slot: 0 };
    const hint = 'examples, rows and slots are counted in whole numbers';
    expect(() => slotExamples({ ...request, position: -1 })).toThrow(
      `slotExamples: expected position to be an integer >= 0, got -1 (${hint})`,
    );
    expect(() => slotExamples({ ...request, slotSize: 0 })).toThrow(
      `slotExamples: expected slotSize to be an integer >= 1, got 0 (${hint})`,
    );
  });
});

describe('evaluationExamples', () => {
  it('covers a split exactly once, in order, over a power of two of slots', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 64 }), (size, rows) => {
        const { filled, slots } = evaluationSlots(size, rows);
        expect(Number.isInteger(Math.log2(slots)) && slots >= filled && slots < 2 * filled).toBe(true);
        const seen = Array.from({ length: slots }, (_, slot) => [...evaluationExamples({ size, rows, slot })]).flat();
        expect(seen.filter((position) => position >= 0)).toEqual(Array.from({ length: size }, (_, index) => index));
      }),
      { seed: 3, numRuns: 60 },
    );
  });
});
