import { applyUpdate, combine, type Absorbed, type Contribution, type PhasePlan, type RoundFailure } from '@geodesic/cluster';
import { encodeBundle } from '@geodesic/engine';
import { buildPrograms, mlpClassifier } from '@geodesic/nn';
import { deriveKey, fillNormal } from '@geodesic/random';
import { freezeRunSpec, slotPlan, validateRunSpec } from '@geodesic/run-spec';
import { describe, expect, it } from 'vitest';
import { createTrainer, openTrainer, type BundleTrainer } from '../src/trainer.ts';

const model = mlpClassifier({ inputs: 64, classes: 10, hidden: [3], activation: 'tanh' });
const names = ['dense1', 'head'];

const search = {
  rule: 'quadratic',
  damping: 1,
  calibrate: false,
  adaptEvery: 5,
  adaptFactor: 0.95,
  minDamping: 1e-6,
  maxDamping: 1e6,
  momentum: 'adaptive',
  reject: true,
  rejectFactor: 4,
  maxRejections: 3,
} as const;

const options = {
  learningRate: { initial: 1, final: 1, warmupSteps: 0, shape: 'constant' },
  momentum: 0,
  klClip: null,
  damping: 1,
  weightDecay: 0,
  factorDecay: 0.9,
  statisticsEvery: 1,
  inverseEvery: 1,
};

/** An MLP on the digits, all of it by K-FAC and the quadratic search. */
function bundle(): Uint8Array {
  const spec = freezeRunSpec(
    validateRunSpec({
      name: 'quadratic-test',
      seed: 4,
      model: { recipe: 'mlp-classifier', hidden: [3] },
      data: { source: 'digits', validation: 0.1 },
      batch: { examples: 256, slots: 4 },
      steps: 3,
      engine: 'reference',
      evaluate: { every: 0 },
      optimizer: { groups: [{ name: 'all', match: ['*'], method: 'kfac' }] },
    }),
  );
  const { slotExamples: slotSize } = slotPlan(spec.batch);
  const curvature = new Map(names.map((name) => [name, { source: 'sampled', form: 'kronecker' }] as const));
  const { constantInputs: _none, ...programs } = buildPrograms({
    model,
    slotSize,
    curvature,
    search: { objective: true, quad: true, trial: true },
  });
  const { parameters, layers, state } = model;
  const groups = [{ name: 'all', method: 'kfac', parameters: parameters.map(({ name }) => name), layers: names, options }];
  return encodeBundle({ version: 1, spec, slotSize, parameters, layers, state, groups, search, ...programs });
}

const phases = buildPhases();

function buildPhases(): ReturnType<typeof buildPrograms>['phases'] {
  const curvature = new Map(names.map((name) => [name, { source: 'sampled', form: 'kronecker' }] as const));
  return buildPrograms({ model, slotSize: 64, curvature, search: { objective: true, quad: true, trial: true } }).phases;
}

/** A made-up total: noise, factors near 256 times the identity, and columns as given (256 examples each). */
function totalFor({ step, phase, slots, sumsLength }: PhasePlan, columns: Readonly<Record<string, number>>): Contribution {
  const program = phases[phase.split('/')[0]];
  const sums = new Float32Array(sumsLength);
  fillNormal(deriveKey(9, phase, step), 0, sums);
  let offset = 0;
  for (const { shape, symmetric } of program.sums) {
    const [n] = shape;
    if (symmetric) for (let i = 0; i < n; offset += n - i, i++) sums[offset] += 256;
    else offset += shape.reduce((size, length) => size * length, 1);
  }
  const scalars = Float64Array.from(program.columns, (name) => 256 * (columns[name] ?? 1));
  return { block: { level: Math.log2(slots), index: 0 }, count: 256, scalars, sums };
}

/** Where nothing moves. */
const quiet = { loss: 2, objective: 2, DD: 1, DM: 0, MM: 1, sound: 1 };

interface Followed {
  readonly plans: readonly PhasePlan[];
  readonly absorbed: readonly Absorbed[];
  /** The last committed change. */
  readonly previous: Float32Array;
}

/** Takes rounds until an update; `columns` by attempt and program. */
function follow(
  trainer: BundleTrainer,
  previous: Float32Array,
  columns: (plan: PhasePlan) => Readonly<Record<string, number>> = () => quiet,
): Followed {
  const plans: PhasePlan[] = [];
  const absorbed: Absorbed[] = [];
  for (;;) {
    const plan = trainer.plan()!;
    plans.push(plan);
    const one = trainer.absorb(totalFor(plan, columns(plan)));
    absorbed.push(one);
    if (one.update) return { plans, absorbed, previous: apply(trainer, one, previous) };
  }
}

function apply(trainer: BundleTrainer, { update }: Absorbed, previous: Float32Array): Float32Array {
  if (!update || !('combination' in update)) throw new Error('expected a combination');
  const { direction, alpha, mu } = update.combination;
  const delta = combine(direction, previous, alpha, mu);
  applyUpdate(trainer.parameters, delta);
  return delta;
}

const still = (trainer: BundleTrainer): Float32Array => new Float32Array(trainer.parameters.length);
const called = ({ step, attempt, phase }: PhasePlan): string => `${step}.${attempt} ${phase}`;
const failureOf = ({ step, attempt, phase }: PhasePlan): RoundFailure => ({
  step,
  attempt,
  phase,
  reason: 'NaN in sum gradient',
  worker: 'w-1',
});

describe('BundleTrainer with the quadratic search', () => {
  it('plans a round for each request: direction and move go with quad and trial, the update is their combination', () => {
    const trainer = openTrainer(bundle());
    const { plans, absorbed } = follow(trainer, still(trainer), ({ phase }) => ({ ...quiet, objective: phase === 'trial' ? 1.9 : 2 }));
    expect(plans.map(called)).toEqual(['1.0 grad-stats', '1.0 quad', '1.0 trial']);
    const { combination } = absorbed[2].update as { combination: { direction: Float32Array; alpha: number; mu: number } };
    expect(plans[0].inputs).toBeUndefined();
    expect(plans[1].inputs!.vectors['direction']).toBe(combination.direction);
    expect(plans[2].inputs).toEqual({ vectors: {}, move: combination });
    expect(absorbed.slice(0, 2)).toEqual([{}, {}]);
    expect(absorbed[2].record).toEqual({ examples: 256, damping: 1, attempt: 0 });
    expect(absorbed[2].measurements).toMatchObject({ trainLoss: 2, learningRate: combination.alpha, momentum: 0, damping: 1 });
    expect(absorbed[2].layers).toMatchObject(names.map((layer) => ({ group: 'all', layer, staleness: 0 })));
  });

  it('plans the same round again until it is absorbed', () => {
    const trainer = openTrainer(bundle());
    trainer.absorb(totalFor(trainer.plan()!, quiet));
    expect(trainer.plan()).toEqual(trainer.plan());
    expect(trainer.plan()!.phase).toBe('quad');
  });

  it('reports a rejected attempt with the round that it was given up after, and leaves everything as it was', () => {
    const trainer = openTrainer(bundle());
    const before = [trainer.parameters.slice(), trainer.checkpoint()];
    const rising = ({ phase, attempt }: PhasePlan): Readonly<Record<string, number>> => ({
      ...quiet,
      objective: phase === 'trial' && attempt === 0 ? 3 : 2,
    });
    const plan = (): PhasePlan => trainer.plan()!;
    for (let i = 0; i < 2; i++) trainer.absorb(totalFor(plan(), rising(plan())));
    const absorbed = trainer.absorb(totalFor(plan(), rising(plan())));
    expect(absorbed).toEqual({ rejected: { reason: 'the objective rises from 2 to 3', damping: 4 } });
    expect([trainer.parameters, trainer.checkpoint()]).toEqual(before);
    const { plans, absorbed: later } = follow(trainer, still(trainer), rising);
    expect(plans.map(called)).toEqual(['1.1 quad', '1.1 trial']);
    expect(later[1].record).toMatchObject({ attempt: 1, damping: 4 });
  });

  it('takes the last change back when the gradient after it cannot be computed, and goes on with the same step', () => {
    const trainer = openTrainer(bundle());
    const first = follow(trainer, still(trainer));
    const { update, rejected } = trainer.reject(failureOf(trainer.plan()!))!;
    expect(rejected).toEqual({ reason: 'step 2, phase grad-stats: expected finite sums, got NaN or infinity', damping: 4 });
    const back = apply(trainer, { update: update! }, first.previous);
    expect(back).toEqual(first.previous.map((value) => -value));
    expect(follow(trainer, back).plans.map(called)).toEqual(['2.1 grad-stats', '2.1 quad', '2.1 trial']);
  });

  it('gives an attempt up whose direction or trial cannot be computed', () => {
    const trainer = openTrainer(bundle());
    trainer.absorb(totalFor(trainer.plan()!, quiet));
    const reason = 'step 1, phase quad: expected finite sums, got NaN or infinity';
    expect(trainer.reject(failureOf(trainer.plan()!))).toEqual({ rejected: { reason, damping: 4 } });
    expect(called(trainer.plan()!)).toBe('1.1 quad');
  });

  it('has no answer to a failure of the first gradient, or outside of steps', () => {
    const trainer = openTrainer(bundle());
    expect(trainer.reject(failureOf(trainer.plan()!))).toBeUndefined();
  });

  it('ends the run after so many rejections in a row', () => {
    const trainer = openTrainer(bundle());
    expect(() => follow(trainer, still(trainer), ({ phase }) => ({ ...quiet, objective: phase === 'trial' ? 3 : 2 }))).toThrow(
      expect.objectContaining({
        code: 'SEARCH_FAILED',
        message: expect.stringMatching(/^step 1: .*rejections in a row up to the damping 16/) as string,
      }),
    );
  });

  it('has a state that a checkpoint holds whole, the last change included', () => {
    const trainer = openTrainer(bundle());
    const { previous } = follow(trainer, still(trainer));
    const { tensors } = trainer.checkpoint()['optimizer.safetensors'];
    expect(tensors.get('search/previous')!.data).toEqual(Float64Array.from(previous));
    expect(tensors.get('search/damping')!.data).toEqual(Float64Array.of(1));
  });

  it('says that workers must hold the last change', async () => {
    expect((await createTrainer(bundle())).meta.usesPrevious).toBe(true);
  });
});
