/**
 * The optimiser's groups: each has a name, globs over layer or parameter names, a method and the method's options.
 * A learning rate is a number, or a schedule {initial, final, warmupSteps, shape}; a schedule that names a `final` but no shape is a cosine.
 */
import { z } from 'zod';
import { flag, integer, number, oneOf, oneOfInWords, section, text } from './fields.ts';
import type { GroupSpec, ScheduleSpec } from './types.ts';

/** The methods, in the order in which an error lists them. */
export const OPTIMIZER_METHODS: readonly GroupSpec['method'][] = ['kfac', 'metric-kfac', 'adam', 'sgd', 'frozen'];

const scheduleSection = section(
  {
    initial: number({ min: 0 }),
    final: number({ min: 0 }).optional(),
    warmupSteps: integer({ min: 0 }).default(0),
    shape: oneOf(['constant', 'linear', 'cosine']).optional(),
  },
  'a number or a mapping with initial, final, warmupSteps, shape',
);

function schedule(initial: number): z.ZodType<ScheduleSpec> {
  return z
    .preprocess((written) => (typeof written === 'number' ? { initial: written } : written), scheduleSection)
    .transform(({ initial, final, warmupSteps, shape: written }): ScheduleSpec => {
      const shape = written ?? (final === undefined || final === initial ? 'constant' : 'cosine');
      return { initial, final: shape === 'constant' ? initial : (final ?? 0), warmupSteps, shape };
    })
    .prefault(initial);
}

const fraction = (): z.ZodNumber => number({ min: 0, below: 1 });

const identity = {
  name: text(/^[\w./-]{1,64}$/, '1 to 64 letters, digits or . _ / -'),
  match: z
    .array(text(/./, 'a glob over layer or parameter names'), { error: 'a list of globs' })
    .min(1, { error: 'a list of at least one glob' }),
};

const kronecker = {
  ...identity,
  learningRate: schedule(0.1),
  momentum: fraction().default(0.9),
  damping: number({ above: 0 }).default(0.01),
  klClip: number({ above: 0 }).nullable().default(0.01),
  factorDecay: fraction().default(0.95),
  statisticsEvery: integer({ min: 1 }).default(1),
  inverseEvery: integer({ min: 1 }).default(5),
  weightDecay: number({ min: 0 }).default(0),
};

const kfac = section({ method: z.literal('kfac'), ...kronecker });
const metricKfac = section({ method: z.literal('metric-kfac'), ...kronecker });

const adam = section({
  method: z.literal('adam'),
  ...identity,
  learningRate: schedule(1e-3),
  beta1: fraction().default(0.9),
  beta2: fraction().default(0.999),
  epsilon: number({ above: 0 }).default(1e-8),
  weightDecay: number({ min: 0 }).default(0),
});

const sgd = section({
  method: z.literal('sgd'),
  ...identity,
  learningRate: schedule(0.1),
  momentum: fraction().default(0.9),
  nesterov: flag().default(false),
  weightDecay: number({ min: 0 }).default(0),
});

const frozen = section({ method: z.literal('frozen'), ...identity });

/** One entry of `optimizer.groups`. */
export const groupSchema: z.ZodType<GroupSpec> = z.discriminatedUnion('method', [kfac, metricKfac, adam, sgd, frozen], {
  error: (issue) => (issue.code === 'invalid_union' ? oneOfInWords(OPTIMIZER_METHODS) : 'a mapping with name, match and method'),
});
