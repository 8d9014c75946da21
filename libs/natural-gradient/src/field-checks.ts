/**
 * Checks of single options. Every refusal names the field, the range and the value.
 */
import type { Schedule } from './config.ts';
import { OptimizerConfigError } from './errors.ts';

/** Refuses a value of a field. @throws {OptimizerConfigError} */
export type Check = (field: string, value: unknown) => void;

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

function refuseUnless(test: (value: unknown) => boolean, expected: string): Check {
  return (field, value) => {
    if (!test(value)) throw new OptimizerConfigError(field, expected, value);
  };
}

export const positive: Check = refuseUnless((value) => isNumber(value) && value > 0, 'a number above 0');
export const nonNegative: Check = refuseUnless((value) => isNumber(value) && value >= 0, 'a number of at least 0');
export const decay: Check = refuseUnless((value) => isNumber(value) && value >= 0 && value < 1, 'a number in [0, 1)');
export const share: Check = refuseUnless((value) => isNumber(value) && value >= 0 && value <= 1, 'a number in [0, 1]');
export const properFraction: Check = refuseUnless((value) => isNumber(value) && value > 0 && value < 1, 'a number in (0, 1)');
export const aboveOne: Check = refuseUnless((value) => isNumber(value) && value > 1, 'a number above 1');
export const flag: Check = refuseUnless((value) => typeof value === 'boolean', 'true or false');
export const positiveInteger: Check = refuseUnless(
  (value) => Number.isSafeInteger(value) && (value as number) >= 1,
  'an integer of at least 1',
);
export const nonNegativeInteger: Check = refuseUnless(
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  'an integer of at least 0',
);

/** One of some words. */
export function oneOf(...words: readonly string[]): Check {
  const expected = words.length === 1 ? words[0] : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  return refuseUnless((value) => words.includes(value as string), expected);
}

/** Checks a schedule field by field. @throws {OptimizerConfigError} */
export function checkSchedule(field: string, schedule: Schedule): void {
  nonNegative(`${field}.initial`, schedule.initial);
  nonNegative(`${field}.final`, schedule.final);
  nonNegativeInteger(`${field}.warmupSteps`, schedule.warmupSteps);
  oneOf('constant', 'linear', 'cosine')(`${field}.shape`, schedule.shape);
}

/** 1, 1/2, 1/4, 1/8 or 1/16. */
export const powerOfHalf: Check = (field, value) => {
  if (![1, 0.5, 0.25, 0.125, 0.0625].includes(value as number))
    throw new OptimizerConfigError(field, '1, 0.5, 0.25, 0.125 or 0.0625', value);
};
