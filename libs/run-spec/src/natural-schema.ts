/**
 * The groups that solve with a curvature, one section a method. Defaults are those that `natural-types.ts` documents.
 */
import { z } from 'zod';
import { flag, integer, number, oneOf, section } from './fields.ts';
import { count, fraction, globs, identity, schedule, type GroupSection } from './group-fields.ts';
import type {
  CgGroupSpec,
  EkfacGroupSpec,
  KernelGroupSpec,
  KfacGroupSpec,
  LayerwiseGroupSpec,
  MetricKfacGroupSpec,
} from './natural-types.ts';

const natural = {
  ...identity,
  learningRate: schedule(0.1),
  momentum: fraction().default(0.9),
  damping: number({ above: 0 }).default(0.01),
  klClip: number({ above: 0 }).nullable().default(0.01),
  weightDecay: number({ min: 0 }).default(0),
};

const statistics = {
  ...natural,
  factorDecay: fraction().default(0.95),
  statisticsEvery: count().default(1),
  inverseEvery: count().default(5),
  inverseWhenMoved: number({ min: 0 }).default(0),
  burnIn: integer({ min: 0, max: 1000 }).default(0),
};

const samples = (): z.ZodNumber => integer({ min: 1, max: 1024 });
const sharing = oneOf(['expand', 'reduce']).exactOptional();
const metricForm = ['pullback', 'local'] as const;
const anyFisher = ['sampled', 'exact', 'empirical', 'forward'] as const;

/** Without `forward`: these have no output factor that could be the identity. */
const layerwise = {
  ...statistics,
  fisher: oneOf(['sampled', 'exact', 'empirical']).default('sampled'),
  samples: samples().default(1),
};

export const kfac: GroupSection<KfacGroupSpec> = section({
  method: z.literal('kfac'),
  ...statistics,
  fisher: oneOf(anyFisher).default('sampled'),
  samples: samples().default(1),
  dampingRule: oneOf(['pi', 'eigenbasis', 'metric']).default('pi'),
  dampingMetric: oneOf(metricForm).exactOptional(),
  undampedInputs: globs('layer names').default([]),
  sharing,
});

export const metricKfac: GroupSection<MetricKfacGroupSpec> = section({
  method: z.literal('metric-kfac'),
  ...statistics,
  form: oneOf(metricForm).default('pullback'),
  dampingRule: oneOf(['pi', 'eigenbasis']).default('pi'),
  normalizeMetric: flag().default(false),
  sharing,
});

export const ekfac: GroupSection<EkfacGroupSpec> = section({
  method: z.literal('ekfac'),
  ...layerwise,
  inverseEvery: count().default(10),
  sharing,
});
export const diagonal: GroupSection<LayerwiseGroupSpec> = section({ method: z.literal('diagonal'), ...layerwise });
export const block: GroupSection<LayerwiseGroupSpec> = section({ method: z.literal('block'), ...layerwise });

const preconditioner = {
  factorDecay: fraction().exactOptional(),
  statisticsEvery: count().exactOptional(),
  inverseEvery: count().exactOptional(),
  fisher: oneOf(anyFisher).exactOptional(),
  samples: samples().exactOptional(),
};

/** Options of a preconditioner, as those of `kfac`. */
const preconditionerDefaults = { factorDecay: 0.95, statisticsEvery: 1, inverseEvery: 5, fisher: 'sampled', samples: 1 } as const;

/** Keys of a `cg` group that mean nothing without a preconditioner. */
export const PRECONDITIONER_KEYS: readonly string[] = Object.keys(preconditioner);

export const cg: GroupSection<CgGroupSpec> = section({
  method: z.literal('cg'),
  ...natural,
  iterations: count().default(20),
  tolerance: number({ above: 0, below: 1 }).default(1e-3),
  warmStart: number({ min: 0, max: 1 }).default(0.95),
  progress: number({ min: 0, max: 1 }).default(5e-4),
  preconditioner: oneOf(['kfac']).nullable().default(null),
  ...preconditioner,
}).transform((group): CgGroupSpec => (group.preconditioner === null ? group : { ...preconditionerDefaults, ...group }));

export const kernel: GroupSection<KernelGroupSpec> = section({
  method: z.literal('kernel'),
  ...natural,
  momentum: fraction().default(0),
  fisher: oneOf(['sampled', 'empirical']).default('sampled'),
  spring: fraction().default(0),
});
