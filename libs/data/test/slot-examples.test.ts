import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BatchPlan,
  evaluationExamples,
  evaluationSlots,
  slotExamples,
  slotOrdinals,
  slotRows,
  stepExamples,
  stepsPerEpoch,
} from '../src/index.ts';

const plans = fc
  .record({
    size: fc.integer({ min: 1, max: 400 }),
    batchExamples: fc.integer({ min: 1, max: 500 }),
    log2Slots: fc.integer({ min: 0, max: 5 }),
  })
  .map(({ size, batchExamples, log2Slots }) => ({ size, batchExamples, slots: 2 ** log2Slots }));

/** The examples of one step, slot by slot, padding left out. */
function examplesOf(plan: BatchPlan, seed: number, step: number): number[] {
  const slots = Array.from({ length: plan.slots }, (_, slot) => [...slotExamples({ ...plan, seed, step, slot })]);
  return slots.flat().filter((position) => position >= 0);
}

/** All examples of an epoch, in the order visited. */
function epochOf(plan: BatchPlan, seed: number, epoch: number): number[] {
  const steps = stepsPerEpoch(plan);
  return Array.from({ length: steps }, (_, index) => examplesOf(plan, seed, epoch * steps + index + 1)).flat();
}

describe('slotExamples', () => {
  it('visits every example exactly once an epoch, for any batch and any number of slots', () => {
    fc.assert(
      fc.property(plans, fc.nat(1000), fc.nat(3), (plan, seed, epoch) => {
        const everything = Array.from({ length: plan.size }, (_, index) => index);
        expect(epochOf(plan, seed, epoch).toSorted((a, b) => a - b)).toEqual(everything);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it('visits them in the same order however the batch is cut into slots', () => {
    fc.assert(
      fc.property(plans, fc.nat(1000), (plan, seed) => {
        expect(epochOf(plan, seed, 0)).toEqual(epochOf({ ...plan, slots: 1 }, seed, 0));
      }),
      { seed: 2, numRuns: 60 },
    );
  });

  it('gives the same slot whatever was asked for before and whatever became of the answer', () => {
    const request = { seed: 5, size: 100, batchExamples: 32, slots: 4, step: 9, slot: 2 };
    const first = [...slotExamples(request)];
    slotExamples(request).fill(7);
    slotExamples({ ...request, seed: 6, step: 1 });
    expect([...slotExamples(request)]).toEqual(first);
  });

  it('permutes anew every epoch and for every seed', () => {
    const plan = { size: 50, batchExamples: 10, slots: 2 };
    expect(epochOf(plan, 1, 0)).not.toEqual(epochOf(plan, 1, 1));
    expect(epochOf(plan, 1, 0)).not.toEqual(epochOf(plan, 2, 0));
  });

  it('pads the short last batch of an epoch with -1', () => {
    const plan = { seed: 1, size: 10, batchExamples: 8, slots: 4, step: 2 };
    const slots = [0, 1, 2, 3].map((slot) => [...slotExamples({ ...plan, slot })].map((position) => position >= 0));
    expect(slots).toEqual([
      [true, true],
      [false, false],
      [false, false],
      [false, false],
    ]);
    expect(stepExamples(plan)).toBe(2);
  });

  it('refuses steps and slots out of range', () => {
    const request = { seed: 1, size: 10, batchExamples: 8, slots: 4, step: 1, slot: 0 };
    expect(() => slotExamples({ ...request, step: 0 })).toThrow(
      'slotExamples: expected step to be an integer >= 1, got 0 (steps count from 1)',
    );
    expect(() => slotExamples({ ...request, slot: 4 })).toThrow('slotExamples: expected a slot in [0, 4), got 4 (slots count from 0)');
  });
});

describe('slotOrdinals', () => {
  it('numbers the rows of a step consecutively over its slots', () => {
    const plan = { batchExamples: 10, slots: 4 };
    expect(slotRows(plan)).toBe(3);
    expect([0, 1, 2, 3].map((slot) => [...slotOrdinals({ ...plan, slot })])).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8],
      [9, 10, 11],
    ]);
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
