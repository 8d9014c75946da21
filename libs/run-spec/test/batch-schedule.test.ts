import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchAt, examplesBefore, parseRunSpec, RunSpecError, slotPlan, totalSteps, type BatchSpec } from '../src/index.ts';
import { MINIMAL_NDM } from './specs.ts';

const PROPERTY = { seed: 20_261_121, numRuns: 200 } as const;

/** Batches that grow, or do not, of any number of slots that they fill. */
const batches: fc.Arbitrary<BatchSpec> = fc
  .record({
    examples: fc.integer({ min: 1, max: 60 }),
    slots: fc.integer({ min: 0, max: 5 }).map((level) => 2 ** level),
    growth: fc.option(fc.record({ more: fc.integer({ min: 0, max: 300 }), steps: fc.integer({ min: 1, max: 40 }) }), { nil: undefined }),
  })
  .map(({ examples, slots, growth }) => {
    const batch = { examples, slots: Math.min(slots, 2 ** Math.floor(Math.log2(examples))) };
    return growth ? { ...batch, growth: { to: examples + growth.more, steps: growth.steps } } : batch;
  });

describe('batchAt', () => {
  it('grows exponentially from the first size to the last', () => {
    const batch = { examples: 1000, slots: 8, growth: { to: 60_000, steps: 500 } };
    const sizes = [1, 251, 500, 501, 10_000].map((step) => batchAt(batch, step).examples);
    expect(sizes).toEqual([1000, Math.round(1000 * Math.sqrt(60)), 59_511, 60_000, 60_000]);
  });

  it('keeps the size of a slot and takes the fewest slots, a power of two, that hold the batch', () => {
    fc.assert(
      fc.property(batches, fc.integer({ min: 1, max: 80 }), (batch, step) => {
        const { slotExamples } = slotPlan(batch);
        const { examples, slots } = batchAt(batch, step);
        expect(Number.isInteger(Math.log2(slots)) && slots * slotExamples >= examples).toBe(true);
        expect(slots === 1 || (slots / 2) * slotExamples < examples).toBe(true);
        expect(batchAt(batch, 1)).toEqual({ examples: batch.examples, slots: batch.slots });
      }),
      PROPERTY,
    );
  });

  it('never shrinks, and stays at the last size', () => {
    fc.assert(
      fc.property(batches, fc.integer({ min: 1, max: 80 }), (batch, step) => {
        const [now, next] = [batchAt(batch, step).examples, batchAt(batch, step + 1).examples];
        expect(next).toBeGreaterThanOrEqual(now);
        expect(next).toBeLessThanOrEqual(batch.growth?.to ?? batch.examples);
        expect(batchAt(batch, step + (batch.growth?.steps ?? 0)).examples).toBe(batch.growth?.to ?? batch.examples);
      }),
      PROPERTY,
    );
  });

  it('rounds what is next to a half in integers, so that no power function decides it', () => {
    // sqrt(N^2 + N) is below N + 1/2 by 1 / (8 N): 1.3e-6 here.
    const below = 99_999;
    const batch = { examples: below, slots: 1, growth: { to: below + 1, steps: 2 } };
    expect(batchAt(batch, 2).examples).toBe(below);
    // sqrt(1 (N^2 + N + 1)) is above it.
    const above = 2047;
    expect(batchAt({ examples: 1, slots: 1, growth: { to: above * above + above + 1, steps: 2 } }, 2).examples).toBe(above + 1);
  });
});

describe('examplesBefore', () => {
  it('is the sum of the earlier batches, each of which ends with its epoch', () => {
    fc.assert(
      fc.property(batches, fc.integer({ min: 1, max: 400 }), (batch, trainExamples) => {
        let position = 0;
        for (let step = 1; step <= 120; step++) {
          expect(examplesBefore(batch, { step, trainExamples })).toBe(position);
          position += Math.min(batchAt(batch, step).examples, trainExamples - (position % trainExamples));
        }
      }),
      PROPERTY,
    );
  });

  it('goes to far steps at once', () => {
    const batch = { examples: 10, slots: 1, growth: { to: 100, steps: 10 } };
    expect(examplesBefore(batch, { step: 1_000_000_001, trainExamples: 1000 }) % 100).toBeLessThan(100);
    expect(examplesBefore({ examples: 512, slots: 8 }, { step: 3_000_001, trainExamples: 1300 })).toBe(1_300_000_000);
  });
});

describe('totalSteps', () => {
  it('counts a short last batch as a step of its epoch', () => {
    const batch = { examples: 512, slots: 8 };
    expect(totalSteps({ epochs: 2, batch }, 1300)).toBe(6);
    expect(totalSteps({ steps: 150, batch }, 1300)).toBe(150);
  });

  it('is the step that ends the last epoch, whatever the growth', () => {
    fc.assert(
      fc.property(batches, fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 6 }), (batch, trainExamples, epochs) => {
        const steps = totalSteps({ epochs, batch }, trainExamples);
        expect(examplesBefore(batch, { step: steps + 1, trainExamples })).toBe(epochs * trainExamples);
        expect(examplesBefore(batch, { step: steps, trainExamples })).toBeLessThan(epochs * trainExamples);
      }),
      PROPERTY,
    );
  });
});

describe('batch.growth', () => {
  const parse = (growth: string): BatchSpec =>
    parseRunSpec(MINIMAL_NDM.replace('{examples: 512}', `{examples: 512, growth: ${growth}}`), { format: 'yaml' }).batch;

  it('is part of the batch, beside the slots of the first step', () => {
    expect(parse('{to: 4096, steps: 100}')).toEqual({ examples: 512, slots: 8, growth: { to: 4096, steps: 100 } });
  });

  it.each([
    [
      '{to: 256, steps: 10}',
      'batch.growth.to: expected at least batch.examples (512), got 256 (a batch grows; leave growth out to keep it',
    ],
    ['{to: 1024, steps: 0}', 'batch.growth.steps: expected an integer >= 1 and <= 100000, got 0'],
    ['{to: 16000000, steps: 9}', 'batch.growth.to: expected at most 4194304, 65536 slots of 64 examples, got 16000000'],
    ['{to: 1024}', 'batch.growth.steps: expected an integer >= 1 and <= 100000'],
  ])('refuses %s', (growth, message) => {
    expect(() => parse(growth)).toThrow(RunSpecError);
    expect(() => parse(growth)).toThrow(message);
  });
});
