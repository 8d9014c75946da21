import { describe, expect, it } from 'vitest';
import { phasePlan, type PhasePlanOptions } from '../src/phase-plan.ts';

const options: PhasePlanOptions = {
  steps: 4,
  initialise: true,
  evaluateEvery: 2,
  hasValidation: true,
  statisticsDue: (step) => step % 3 === 1,
};

/** Rounds as `step phase`. */
function rounds(changes: Partial<PhasePlanOptions> = {}): string[] {
  return [...phasePlan({ ...options, ...changes })].map(({ step, phase }) => `${step} ${phase}`);
}

describe('phasePlan', () => {
  it('initialises once, takes every step, evaluates where due, and reads the test split after the last step', () => {
    expect(rounds()).toEqual([
      '0 init',
      '1 grad-stats',
      '2 grad',
      '2 eval/validation',
      '3 grad',
      '4 grad-stats',
      '4 eval/validation',
      '4 eval/test',
    ]);
  });

  it('leaves out what a model or a spec does not have', () => {
    expect(rounds({ initialise: false, hasValidation: false, statisticsDue: () => false })).toEqual([
      '1 grad',
      '2 grad',
      '3 grad',
      '4 grad',
      '4 eval/test',
    ]);
  });

  it('evaluates after the last step where the cadence does not fall on it, and only there with a cadence of 0', () => {
    const validated = (evaluateEvery: number): string[] => rounds({ evaluateEvery }).filter((round) => round.endsWith('validation'));
    expect(validated(3)).toEqual(['3 eval/validation', '4 eval/validation']);
    expect(validated(0)).toEqual(['4 eval/validation']);
  });

  it('asks about statistics when a step comes up, not before', () => {
    const asked: number[] = [];
    const plan = phasePlan({ ...options, initialise: false, statisticsDue: (step) => asked.push(step) > 0 });
    plan.next();
    expect(asked).toEqual([1]);
  });
});
