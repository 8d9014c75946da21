/**
 * Fields that the groups of several methods have: name and globs, learning rates, decays.
 * A learning rate is a number, or a schedule {initial, final, warmupSteps, shape}; a schedule that names a `final` but no shape is a cosine.
 */
import { z } from 'zod';
import { integer, number, oneOf, section, text } from './fields.ts';
import type { ScheduleSpec } from './group-identity.ts';

const scheduleSection = section(
  {
    initial: number({ min: 0 }),
    final: number({ min: 0 }).optional(),
    warmupSteps: integer({ min: 0 }).default(0),
    shape: oneOf(['constant', 'linear', 'cosine']).optional(),
  },
  'a number or a mapping with initial, final, warmupSteps, shape',
);

/** The schema of one method's group: its output is checked against the documented type, and its `method` tells it apart. */
export type GroupSection<G> = z.ZodType<G> & z.core.$ZodTypeDiscriminable;

/** A rate over the steps, constant at `initial` by default. */
export function schedule(initial: number): z.ZodType<ScheduleSpec> {
  return z
    .preprocess((written) => (typeof written === 'number' ? { initial: written } : written), scheduleSection)
    .transform(({ initial, final, warmupSteps, shape: written }): ScheduleSpec => {
      const shape = written ?? (final === undefined || final === initial ? 'constant' : 'cosine');
      return { initial, final: shape === 'constant' ? initial : (final ?? 0), warmupSteps, shape };
    })
    .prefault(initial);
}

/** A number in [0, 1). */
export function fraction(): z.ZodNumber {
  return number({ min: 0, below: 1 });
}

/** A count of at least 1. */
export function count(): z.ZodNumber {
  return integer({ min: 1 });
}

/** A list of globs over names, possibly empty. */
export function globs(names: string): z.ZodArray<z.ZodString> {
  return z.array(text(/./, `a glob over ${names}`), { error: 'a list of globs' });
}

/** What says which group it is; its state is kept under `<name>/`, beside that of the search. */
export const identity: { readonly name: z.ZodString; readonly match: z.ZodArray<z.ZodString> } = {
  name: text(/^(?!search$)[\w.-]{1,64}$/, '1 to 64 letters, digits or . _ - other than search'),
  match: globs('layer or parameter names').min(1, { error: 'a list of at least one glob' }),
};
