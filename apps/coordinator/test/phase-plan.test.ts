import { describe, expect, it } from 'vitest';
import { phasePlan, type PhasePlanOptions } from '../src/phase-plan.ts';

const options: PhasePlanOptions = {
  steps: 4,
  initialise: true,
  evaluateEvery: 2,
  hasValidation: true,
};

/** Stages as `step kind`, with the split of an evaluation. */
function stages(changes: Partial<PhasePlanOptions> = {}): string[] {
  return [...phasePlan({ ...options, ...changes })].map((stage) =>
    stage.kind === 'eval' ? `${stage.step} eval/${stage.split}` : `${stage.step} ${stage.kind}`,
  );
}

describe('phasePlan', () => {
  it('initialises once, takes every step, evaluates where due, and reads the test split after the last step', () => {
    expect(stages()).toEqual(['0 init', '1 step', '2 step', '2 eval/validation', '3 step', '4 step', '4 eval/validation', '4 eval/test']);
  });

  it('leaves out what a model or a spec does not have', () => {
    expect(stages({ initialise: false, hasValidation: false })).toEqual(['1 step', '2 step', '3 step', '4 step', '4 eval/test']);
  });

  it('evaluates after the last step where the cadence does not fall on it, and only there with a cadence of 0', () => {
    const validated = (evaluateEvery: number): string[] => stages({ evaluateEvery }).filter((stage) => stage.endsWith('validation'));
    expect(validated(3)).toEqual(['3 eval/validation', '4 eval/validation']);
    expect(validated(0)).toEqual(['4 eval/validation']);
  });

  it('goes on after a step with its evaluation, which a checkpoint of that step comes before', () => {
    expect(stages({ after: 0 })).toEqual(stages());
    expect(stages({ after: 1 })).toEqual(stages().slice(2));
    expect(stages({ after: 2 })).toEqual(['2 eval/validation', '3 step', '4 step', '4 eval/validation', '4 eval/test']);
    expect(stages({ after: 4 })).toEqual(['4 eval/validation', '4 eval/test']);
    expect(stages({ after: 4, hasValidation: false })).toEqual(['4 eval/test']);
  });
});
