/** Tiny runs by every method of the spec, for tests of whole trajectories; the reference engine, since its graphs need no compiler. */
import { buildBundle } from '../src/build-bundle.ts';
import { specOf } from './run-in-process.ts';

/** A run by a method. */
export interface MethodCase {
  readonly title: string;
  /** The options of its only group. */
  readonly group?: object;
  readonly groups?: readonly object[];
  readonly optimizer?: object;
  /** What else differs from {@link common}. */
  readonly spec?: object;
}

/** Slots of 6 examples, two of them padded at the end; the third batch ends its epoch with 2 examples, so that most slots are empty. */
const common = {
  name: 'method-cases',
  seed: 5,
  model: { recipe: 'mlp-classifier', hidden: [5, 4] },
  data: { source: 'spiral', points: 90 },
  batch: { examples: 44, slots: 8 },
  steps: 6,
  evaluate: { every: 0 },
  engine: 'reference',
};

const quadratic = { search: { rule: 'quadratic', damping: 0.1, adaptEvery: 2, maxRejections: 20 } };
const whole = { examples: 90, slots: 8 };
const growing = { examples: 11, slots: 2, growth: { to: 44, steps: 4 } };
const images = { data: { source: 'digits' }, batch: { examples: 24, slots: 4 } };
const ndm = {
  batch: { examples: 44, slots: 4 },
  model: { recipe: 'ndm-classifier', width: 4, blocks: 1, hidden: 3, metric: { rank: 1, basis: 2, hidden: 3 } },
  objective: { anchor: 0.1, volume: 0.02, volumeWarmup: 0.5 },
};
const charts = (group: object): object[] => [
  { name: 'ends', match: ['stem', 'head'], method: 'kfac', damping: 0.1 },
  { name: 'charts', match: ['block*.coupling*'], damping: 0.1, inverseEvery: 2, ...group },
  { name: 'geometry', match: ['**'], method: 'adam' },
];

/** All methods with the options that change what is computed where. */
export const methodCases: readonly MethodCase[] = [
  { title: 'kfac, pi', group: { method: 'kfac', inverseEvery: 2, burnIn: 1, undampedInputs: ['dense1'] } },
  { title: 'kfac, eigenbasis, when moved', group: { method: 'kfac', dampingRule: 'eigenbasis', inverseEvery: 1, inverseWhenMoved: 0.2 } },
  { title: 'kfac, exact', group: { method: 'kfac', fisher: 'exact' } },
  { title: 'kfac, two samples, probed', group: { method: 'kfac', samples: 2 }, optimizer: { probeEvery: 2 } },
  { title: 'ekfac', group: { method: 'ekfac', inverseEvery: 2, burnIn: 2 } },
  { title: 'diagonal', group: { method: 'diagonal' } },
  { title: 'block', group: { method: 'block' }, spec: { model: { recipe: 'mlp-classifier', hidden: [3] } } },
  { title: 'cg', group: { method: 'cg', iterations: 3, warmStart: 0.9 } },
  { title: 'cg, preconditioned', group: { method: 'cg', iterations: 2, preconditioner: 'kfac', inverseEvery: 2 } },
  { title: 'kernel, sampled', group: { method: 'kernel' } },
  { title: 'kernel, spring', group: { method: 'kernel', spring: 0.5 } },
  { title: 'quadratic kfac', group: { method: 'kfac', inverseEvery: 3 }, optimizer: { ...quadratic, probeEvery: 3 } },
  {
    title: 'quadratic kfac, calibrated, int8',
    group: { method: 'kfac' },
    optimizer: { search: { ...quadratic.search, calibrate: true }, codec: { kind: 'int8', level: 1 } },
  },
  { title: 'quadratic ekfac, no rejection', group: { method: 'ekfac' }, optimizer: { search: { ...quadratic.search, reject: false } } },
  {
    title: 'quadratic cg beside frozen parameters',
    groups: [
      { name: 'first', match: ['dense1'], method: 'frozen' },
      { name: 'rest', match: ['**'], method: 'cg', iterations: 3 },
    ],
    optimizer: quadratic,
  },
  {
    title: 'quadratic kfac, rejecting',
    group: { method: 'kfac', inverseEvery: 3 },
    optimizer: { search: { ...quadratic.search, damping: 1e-6, adaptEvery: 1, adaptFactor: 0.1, momentum: 0.5 } },
    spec: { seed: 2 },
  },
  {
    title: 'whole batch, the model from half of it',
    group: { method: 'kfac' },
    optimizer: { search: { ...quadratic.search, modelShare: 0.5 } },
    spec: { batch: whole },
  },
  { title: 'growing batch', group: { method: 'kfac', inverseEvery: 2 }, spec: { batch: growing } },
  ...(['bf16', 'fp16', 'int8'] as const).flatMap((kind) =>
    [0, 1].map((level) => ({
      title: `codec ${kind} at ${level}`,
      group: { method: 'kfac', damping: 0.1 },
      optimizer: { codec: { kind, level } },
    })),
  ),
  { title: 'metric-kfac, pullback', groups: charts({ method: 'metric-kfac' }), spec: ndm },
  {
    title: 'metric-kfac, local',
    groups: [
      { name: 'stem', match: ['stem'], method: 'metric-kfac', form: 'local', normalizeMetric: true, damping: 0.1 },
      { name: 'rest', match: ['**'], method: 'adam' },
    ],
    spec: ndm,
  },
  { title: 'kfac, damped by the metric', groups: charts({ method: 'kfac', dampingRule: 'metric' }), spec: ndm },
  ...['soap', 'shampoo', 'muon', 'lbfgs'].map((method) => ({ title: method, group: { method, ...frequent(method) } })),
];

/** Like those above, and choices together that none of these has: for the extended tests. */
export const furtherCases: readonly MethodCase[] = [
  { title: 'kfac, forward', group: { method: 'kfac', fisher: 'forward', statisticsEvery: 2 } },
  { title: 'ekfac, empirical', group: { method: 'ekfac', fisher: 'empirical' } },
  { title: 'kernel, empirical', group: { method: 'kernel', fisher: 'empirical' } },
  { title: 'quadratic kernel', group: { method: 'kernel' }, optimizer: quadratic },
  {
    title: 'convolutions',
    group: { method: 'kfac', sharing: 'expand' },
    spec: { ...images, model: { recipe: 'cnn-classifier', filters: [2] } },
  },
  ...['adam', 'sgd'].map((method) => ({ title: method, group: { method } })),
  { title: 'kernel, growing batch', group: { method: 'kernel', spring: 0.3 }, spec: { batch: growing } },
  {
    title: 'ekfac, int8, probed',
    group: { method: 'ekfac', inverseEvery: 2, burnIn: 1 },
    optimizer: { codec: { kind: 'int8', level: 2 }, probeEvery: 1 },
  },
  {
    title: 'cg, preconditioned, bf16',
    group: { method: 'cg', iterations: 3, preconditioner: 'kfac' },
    optimizer: { codec: { kind: 'bf16', level: 1 } },
  },
  {
    title: 'damped by the metric, fp16',
    groups: charts({ method: 'kfac', dampingRule: 'metric' }),
    optimizer: { codec: { kind: 'fp16', level: 0 } },
    spec: ndm,
  },
  { title: 'quadratic ekfac, burnt in, whole batch', group: { method: 'ekfac', burnIn: 2 }, optimizer: quadratic, spec: { batch: whole } },
  {
    title: 'quadratic kfac, growing batch, calibrated',
    group: { method: 'kfac' },
    optimizer: { search: { ...quadratic.search, calibrate: true, momentum: 0.5 } },
    spec: { batch: growing },
  },
  {
    title: 'quadratic, three methods',
    groups: [
      { name: 'first', match: ['dense1'], method: 'ekfac' },
      { name: 'second', match: ['dense2'], method: 'kernel' },
      { name: 'last', match: ['**'], method: 'cg', iterations: 2 },
    ],
    optimizer: quadratic,
  },
  {
    title: 'three methods and rates',
    groups: [
      { name: 'first', match: ['dense1'], method: 'block' },
      { name: 'second', match: ['dense2'], method: 'kernel', fisher: 'empirical' },
      { name: 'last', match: ['**'], method: 'soap', refreshEvery: 2 },
    ],
  },
  {
    title: 'whole batch, ekfac, int8',
    group: { method: 'ekfac' },
    optimizer: { codec: { kind: 'int8', level: 0 } },
    spec: { batch: whole },
  },
  { title: 'one slot', group: { method: 'kfac' }, optimizer: quadratic, spec: { batch: { examples: 44, slots: 1 } } },
];

function frequent(method: string): object {
  return method === 'soap' || method === 'shampoo' ? { refreshEvery: 2 } : {};
}

/** The case of a title. */
export function caseOf(title: string): MethodCase {
  const found = methodCases.find((one) => one.title === title);
  if (found) return found;
  throw new Error(`expected the title of a method case, got ${title}`);
}

/** The bundle of a case, perhaps with another seed or length. */
export function bundleOf(
  { group, groups = [{ name: 'all', match: ['**'], ...group }], optimizer, spec }: MethodCase,
  changes: object = {},
): Uint8Array {
  return buildBundle(specOf({ ...common, ...spec, ...changes, optimizer: { ...optimizer, groups } })).bundle;
}
