/**
 * The `optimizer` section: groups with a method each, the search for how far steps go, the codec of factors, probes.
 */
import { z } from 'zod';
import { flag, integer, number, oneOf, oneOfInWords, section } from './fields.ts';
import { adam, lbfgs, muon, sgd, shampoo, soap } from './first-order-schema.ts';
import { count, identity } from './group-fields.ts';
import { block, cg, diagonal, ekfac, kernel, kfac, metricKfac } from './natural-schema.ts';
import type { GroupSpec, OptimizerSpec, SearchSpec } from './optimizer-types.ts';

/** The methods, in the order in which an error lists them. */
export const OPTIMIZER_METHODS: readonly GroupSpec['method'][] = [
  'kfac',
  'metric-kfac',
  'ekfac',
  'diagonal',
  'block',
  'cg',
  'kernel',
  'adam',
  'sgd',
  'soap',
  'shampoo',
  'muon',
  'lbfgs',
  'frozen',
];

const frozen = section({ method: z.literal('frozen'), ...identity });

/** One entry of `optimizer.groups`. */
const group: z.ZodType<GroupSpec> = z.discriminatedUnion(
  'method',
  [kfac, metricKfac, ekfac, diagonal, block, cg, kernel, adam, sgd, soap, shampoo, muon, lbfgs, frozen],
  { error: (issue) => (issue.code === 'invalid_union' ? oneOfInWords(OPTIMIZER_METHODS) : 'a mapping with name, match and method') },
);

const momentumInWords = { error: 'one of adaptive, a number >= 0 and < 1' };
const momentum = z.union(
  [z.literal('adaptive'), z.number(momentumInWords).min(0, momentumInWords).lt(1, momentumInWords)],
  momentumInWords,
);

/** Powers of 1/2, so that a share of the slots is a number of slots. */
const SHARES = [1, 0.5, 0.25, 0.125, 0.0625] as const;

const quadratic = section({
  rule: z.literal('quadratic'),
  damping: number({ above: 0 }).default(1),
  calibrate: flag().default(false),
  adaptEvery: count().default(5),
  adaptFactor: number({ above: 0, below: 1 }).default(0.85),
  minDamping: number({ above: 0 }).default(1e-8),
  maxDamping: number({ above: 0 }).default(1e8),
  momentum: momentum.default('adaptive'),
  modelShare: z.literal(SHARES, { error: oneOfInWords(SHARES.map(String)) }).default(1),
  reject: flag().default(true),
  rejectFactor: number({ above: 1 }).default(4),
  maxRejections: count().default(6),
});

const search: z.ZodType<SearchSpec> = z.discriminatedUnion('rule', [section({ rule: z.literal('fixed') }), quadratic], {
  error: (issue) => (issue.code === 'invalid_union' ? 'one of fixed, quadratic' : 'a mapping with a rule'),
});

const codec = section(
  { kind: oneOf(['bf16', 'fp16', 'int8']), level: integer({ min: 0, max: 16 }).default(0) },
  'a mapping with kind and level, or null',
);

/** The section, every default filled in but those of groups that are left to the model. */
export const optimizerSchema: z.ZodType<OptimizerSpec> = section({
  groups: z.array(group, { error: 'a list of groups' }).min(1, { error: 'at least one group' }).exactOptional(),
  search: search.prefault({ rule: 'fixed' }),
  codec: codec.nullable().default(null),
  probeEvery: integer({ min: 0 }).default(0),
}).prefault({});
