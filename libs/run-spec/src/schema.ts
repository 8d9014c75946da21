/**
 * The one schema of a run spec: strict (an unknown key is an error), every default here.
 * Rules that tie several fields together stand in `cross-checks.ts`; `objective`'s defaults are filled by recipe, in `parse.ts`.
 */
import { z } from 'zod';
import { dataSchema } from './data-schema.ts';
import { flag, integer, number, oneOf, section, text } from './fields.ts';
import { modelSchema } from './model-schema.ts';
import { optimizerSchema } from './optimizer-schema.ts';
import { defaultSlots, MAXIMUM_SLOTS } from './slots.ts';
import type { ObjectiveSpec, RunSpec } from './types.ts';

const MAXIMUM_BATCH = 1 << 24;

const growth = section({
  to: integer({ min: 1, max: MAXIMUM_BATCH }),
  steps: integer({ min: 1, max: 100_000 }),
});

const batch = section({
  examples: integer({ min: 1, max: MAXIMUM_BATCH }),
  slots: integer({ min: 1, max: MAXIMUM_SLOTS }).optional(),
  growth: growth.exactOptional(),
}).transform(({ slots, ...rest }) => ({ ...rest, slots: slots ?? defaultSlots(rest.examples) }));

const objective = section({
  anchor: number({ min: 0 }).default(0.1),
  volume: number({ min: 0 }).default(0.01),
  volumeWarmup: number({ min: 0, max: 1 }).default(0.1),
});

const loss = section({
  labelSmoothing: number({ min: 0, below: 1 }).default(0),
});

const init = section({
  checkpoint: text(/./, 'the path of a checkpoint'),
  map: z.record(z.string(), z.string({ error: 'a name in the checkpoint' }), { error: 'a mapping of parameters to names' }).default({}),
  strict: flag().default(true),
  digest: text(/^sha256:[0-9a-f]{64}$/, 'sha256: and 64 hexadecimal digits').exactOptional(),
});

const cluster = section({
  workers: integer({ min: 1, max: 256 }).default(2),
  leaseMs: integer({ min: 100 }).default(3000),
  heartbeatMs: integer({ min: 10 }).default(1000),
  maxRestarts: integer({ min: 0 }).default(3),
  quarantineMs: integer({ min: 100 }).default(10_000),
  backup: flag().default(true),
  journal: flag().default(true),
});

const evaluate = section({ every: integer({ min: 0 }).default(10) });

const keep = section({
  last: integer({ min: 1 }).exactOptional(),
  every: integer({ min: 1 }).exactOptional(),
  best: integer({ min: 1 }).exactOptional(),
});

const checkpoint = section({
  every: integer({ min: 0 }).default(50),
  keep: keep.prefault({}),
});

const relaxed = section({
  quorum: number({ above: 0, max: 1 }).exactOptional(),
});

/** Executors by name; the first is what a spec that names none gets. */
const ENGINES = ['auto', 'onnx-cpu', 'onnx-webgpu', 'onnx-cuda', 'tfjs-node-gpu', 'tfjs-node', 'tfjs-wasm', 'reference'] as const;

const sections = {
  name: text(/^[a-z0-9-]{1,40}$/, '1 to 40 lower-case letters, digits or hyphens'),
  seed: integer({ min: 0 }),
  model: modelSchema,
  data: dataSchema,
  batch,
  steps: integer({ min: 1 }).exactOptional(),
  epochs: integer({ min: 1 }).exactOptional(),
  loss: loss.prefault({}),
  objective: objective.exactOptional(),
  init: init.exactOptional(),
  optimizer: optimizerSchema,
  evaluate: evaluate.prefault({}),
  checkpoint: checkpoint.prefault({}),
  engine: oneOf(ENGINES).default('auto'),
  precision: oneOf(['float32']).default('float32'),
  compute: oneOf(['float32', 'bfloat16', 'float16']).default('float32'),
  linalg: oneOf(['auto', 'plain', 'wasm', 'lapack']).default('auto'),
  exactness: oneOf(['exact', 'relaxed'], { later: ['stale', 'local'] }).default('exact'),
  relaxed: relaxed.exactOptional(),
  cluster: cluster.prefault({}),
};

/** The whole spec; its messages state what was expected (see `fields.ts`). */
export const runSpecSchema: z.ZodType<RunSpec> = section(sections);

/** The top-level keys, in the order in which a spec is read and its problems are listed. */
export const SECTION_NAMES: readonly string[] = Object.keys(sections);

/** The geometric terms of a recipe that has a geometry and whose spec says nothing of them. */
export function defaultObjective(): ObjectiveSpec {
  return objective.parse({});
}
