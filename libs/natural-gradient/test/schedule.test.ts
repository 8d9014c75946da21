import { expectClose } from '@geodesic/testing';
import { describeSchedule, learningRateAt, type Schedule } from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';

const rates = (schedule: Schedule, total: number): number[] =>
  Array.from({ length: total }, (_, i) => learningRateAt(schedule, i + 1, total));

describe('learningRateAt', () => {
  it('rises over the warm-up and then stays, when constant', () => {
    expectClose(rates({ initial: 1, final: 0, warmupSteps: 4, shape: 'constant' }, 6), [0.25, 0.5, 0.75, 1, 1, 1], { abs: 0 });
  });

  it('is initial at the first step and final at the last, when linear', () => {
    expectClose(rates({ initial: 1, final: 0.2, warmupSteps: 0, shape: 'linear' }, 5), [1, 0.8, 0.6, 0.4, 0.2], { rel: 1e-15 });
  });

  it('follows half a cosine', () => {
    expectClose(rates({ initial: 2, final: 0, warmupSteps: 1, shape: 'cosine' }, 5), [2, 1 + Math.SQRT1_2, 1, 1 - Math.SQRT1_2, 0], {
      abs: 1e-15,
    });
  });

  it('stays at final after the last step and survives a run that is all warm-up', () => {
    expect(learningRateAt({ initial: 1, final: 0.5, warmupSteps: 0, shape: 'cosine' }, 99, 10)).toBe(0.5);
    expectClose(rates({ initial: 1, final: 0.5, warmupSteps: 3, shape: 'linear' }, 3), [1 / 3, 2 / 3, 1], { rel: 1e-15 });
    expect(rates({ initial: 1, final: 0.5, warmupSteps: 0, shape: 'linear' }, 1)).toEqual([1]);
  });
});

describe('describeSchedule', () => {
  it('says what will happen', () => {
    expect(describeSchedule({ initial: 0.1, final: 0.01, warmupSteps: 10, shape: 'cosine' })).toBe('0.1 -> 0.01 cosine, warm-up 10');
    expect(describeSchedule({ initial: 0.1, final: 0, warmupSteps: 0, shape: 'constant' })).toBe('0.1');
  });
});
