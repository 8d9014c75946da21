/**
 * Learning-rate schedules: a linear warm-up, then constant, linear or half-cosine decay. A pure function of the step.
 * The peak `initial` is used at step max(1, warmupSteps) and `final` at the last step; later steps stay there.
 */
import type { Schedule } from './config.ts';

/** The learning rate of a step. `step` is 1-based, `totalSteps` the length of the run. */
export function learningRateAt(schedule: Schedule, step: number, totalSteps: number): number {
  const { initial, final, warmupSteps } = schedule;
  if (step < warmupSteps) return (initial * step) / warmupSteps;
  const peak = Math.max(1, warmupSteps);
  const progress = Math.min(1, (step - peak) / Math.max(1, totalSteps - peak));
  switch (schedule.shape) {
    case 'constant':
      return initial;
    case 'linear':
      return initial + (final - initial) * progress;
    case 'cosine':
      return final + (initial - final) * 0.5 * (1 + Math.cos(Math.PI * progress));
  }
}

/** A schedule in words, for the table of groups: `0.1 -> 0.01 cosine, warm-up 10`. */
export function describeSchedule(schedule: Schedule): string {
  const rate = schedule.shape === 'constant' ? `${schedule.initial}` : `${schedule.initial} -> ${schedule.final} ${schedule.shape}`;
  return schedule.warmupSteps > 0 ? `${rate}, warm-up ${schedule.warmupSteps}` : rate;
}
