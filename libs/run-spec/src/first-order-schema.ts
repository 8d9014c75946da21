/**
 * The first-order peers, one section a method. Defaults are those that `first-order-types.ts` documents.
 */
import { z } from 'zod';
import { flag, number, oneOf, section } from './fields.ts';
import type { AdamGroupSpec, LbfgsGroupSpec, MuonGroupSpec, SgdGroupSpec, ShampooGroupSpec, SoapGroupSpec } from './first-order-types.ts';
import { count, fraction, globs, identity, schedule, type GroupSection } from './group-fields.ts';

const peer = { ...identity, weightDecay: number({ min: 0 }).default(0) };
const epsilon = number({ above: 0 }).default(1e-8);

export const adam: GroupSection<AdamGroupSpec> = section({
  method: z.literal('adam'),
  ...peer,
  learningRate: schedule(1e-3),
  beta1: fraction().default(0.9),
  beta2: fraction().default(0.999),
  epsilon,
});

export const sgd: GroupSection<SgdGroupSpec> = section({
  method: z.literal('sgd'),
  ...peer,
  learningRate: schedule(0.1),
  momentum: fraction().default(0.9),
  nesterov: flag().default(false),
});

export const soap: GroupSection<SoapGroupSpec> = section({
  method: z.literal('soap'),
  ...peer,
  learningRate: schedule(3e-3),
  beta1: fraction().default(0.95),
  beta2: fraction().default(0.95),
  shampooBeta: fraction().default(0.95),
  epsilon,
  refreshEvery: count().default(10),
  maxDimension: count().default(10_000),
});

export const shampoo: GroupSection<ShampooGroupSpec> = section({
  method: z.literal('shampoo'),
  ...peer,
  learningRate: schedule(1e-3),
  beta2: number({ min: 0, max: 1 }).default(0.99),
  momentum: fraction().default(0.9),
  epsilon,
  refreshEvery: count().default(10),
  graft: oneOf(['adam', 'sgd', 'none']).default('adam'),
  startStep: count().default(1),
  maxDimension: count().default(1024),
});

export const muon: GroupSection<MuonGroupSpec> = section({
  method: z.literal('muon'),
  ...peer,
  learningRate: schedule(0.02),
  momentum: fraction().default(0.95),
  nesterov: flag().default(true),
  iterations: count().default(5),
  adamParameters: globs('parameter names').default([]),
  adamLearningRate: schedule(1e-3),
});

export const lbfgs: GroupSection<LbfgsGroupSpec> = section({
  method: z.literal('lbfgs'),
  ...peer,
  learningRate: schedule(1),
  history: count().default(10),
});
