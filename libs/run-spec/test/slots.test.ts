import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultSlots, parseRunSpec, runSpecWarnings, slotPlan } from '../src/index.ts';
import { MINIMAL_NDM } from './specs.ts';

/** What is said about the minimal spec cut into so many slots. */
function warnings(slots: number): string[] {
  return runSpecWarnings(parseRunSpec(MINIMAL_NDM, { format: 'yaml', overrides: [`batch.slots=${slots}`] })).map(({ message }) => message);
}

describe('defaultSlots', () => {
  it('is the largest power of two that leaves at least 64 examples a slot', () => {
    expect([1, 64, 127, 128, 512, 1000].map((examples) => defaultSlots(examples))).toEqual([1, 1, 1, 2, 8, 8]);
    fc.assert(
      fc.property(fc.integer({ min: 128, max: 1 << 24 }), (examples) => {
        const slots = defaultSlots(examples);
        expect(Number.isInteger(Math.log2(slots)) && examples / slots >= 64 && examples / (2 * slots) < 64).toBe(true);
      }),
      { seed: 1 },
    );
  });
});

describe('slotPlan', () => {
  it('rounds the rows of a slot up, so that the last slots carry the padding', () => {
    expect(slotPlan({ examples: 100, slots: 8 })).toEqual({ slots: 8, slotExamples: 13 });
  });
});

describe('runSpecWarnings', () => {
  it('warns below 32 examples a slot and is silent otherwise', () => {
    expect(warnings(16)).toEqual([]);
    expect(warnings(32)).toEqual([
      'batch.slots: 32 slots leave 16 examples a slot, fewer than 32 (small slots cost time; 8 would be the default)',
    ]);
  });
});
