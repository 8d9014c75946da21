import { applyUpdate, type Absorbed, type Contribution } from '@geodesic/cluster';
import { encodeBundle } from '@geodesic/engine';
import { buildPrograms, mlpClassifier } from '@geodesic/nn';
import { deriveKey, fillNormal } from '@geodesic/random';
import { probeLapack } from '@geodesic/linalg/lapack';
import { freezeRunSpec, resolveGroups, slotPlan, validateRunSpec, type RunSpec } from '@geodesic/run-spec';
import { makeLayout } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { createTrainer, openTrainer, type BundleTrainer } from '../src/trainer.ts';

const model = mlpClassifier({ inputs: 64, classes: 10, hidden: [3], activation: 'tanh' });
const layout = makeLayout(model.parameters);

/** An MLP on the digits: K-FAC for the hidden layer with statistics at every second step, Adam for the head. */
function bundle(steps = 3, linalg?: RunSpec['linalg']): Uint8Array {
  const written = {
    name: 'trainer-test',
    seed: 4,
    model: { recipe: 'mlp-classifier', hidden: [3] },
    data: { source: 'digits', validation: 0.1 },
    batch: { examples: 256, slots: 4 },
    steps,
    engine: 'reference',
    ...(linalg && { linalg }),
    evaluate: { every: 2 },
    optimizer: {
      groups: [
        { name: 'hidden', match: ['dense1'], method: 'kfac', statisticsEvery: 2 },
        { name: 'head', match: ['head'], method: 'adam' },
      ],
    },
  };
  const spec = freezeRunSpec(validateRunSpec(written));
  const members = model.parameters.map(({ name }) => ({ name, layer: name.split('.')[0] }));
  const groups = resolveGroups(spec.optimizer.groups, members).map((group, i) => {
    const { name: _name, match: _match, method, ...options } = spec.optimizer.groups[i];
    return { ...group, method, options };
  });
  const { slotExamples: slotSize } = slotPlan(spec.batch);
  const { constantInputs: _none, ...programs } = buildPrograms({
    model,
    slotSize,
    curvature: new Map([['dense1', { source: 'sampled', form: 'kronecker' }]]),
  });
  const { parameters, layers, state } = model;
  return encodeBundle({ version: 1, spec, slotSize, parameters, layers, state, groups, ...programs });
}

/** A made-up total for the round that comes next; curvature sums are near 256 times the identity. */
function totalFor(trainer: BundleTrainer): Contribution {
  const { step, phase, slots, sumsLength, scalarsLength } = trainer.plan()!;
  const sums = new Float32Array(sumsLength);
  fillNormal(deriveKey(9, phase, step), 0, sums);
  if (phase === 'grad-stats') {
    let offset = layout.size;
    for (const n of [65, 3]) for (let i = 0; i < n; offset += n - i, i++) sums[offset] += 256;
  }
  const scalars = Float64Array.from({ length: scalarsLength }, (_, i) => 256 / (i + 2));
  return { block: { level: Math.log2(slots), index: 0 }, count: 256, scalars, sums };
}

interface Round {
  readonly phase: string;
  readonly absorbed: Absorbed;
}

/** Takes `rounds` rounds with made-up totals; updates are applied as the run loop does. */
function advance(trainer: BundleTrainer, rounds: number): Round[] {
  return Array.from({ length: rounds }, () => {
    const { step, phase } = trainer.plan()!;
    const absorbed = trainer.absorb(totalFor(trainer));
    if (absorbed.update && 'delta' in absorbed.update) {
      applyUpdate(trainer.parameters, absorbed.update.delta);
      trainer.state.set(absorbed.update.state);
    }
    return { phase: `${step} ${phase}`, absorbed };
  });
}

/** Known before the tests are collected. */
const lapack = await probeLapack();
if (!lapack.available) console.warn(`linalg: lapack is not tested here: ${lapack.reason}`);

describe('BundleTrainer', () => {
  it('plans the rounds with the sizes of their programs until the run is over', () => {
    const trainer = openTrainer(bundle());
    expect(trainer.plan()).toEqual({
      step: 1,
      attempt: 0,
      phase: 'grad-stats',
      slots: 4,
      sumsLength: layout.size + (65 * 66) / 2 + (3 * 4) / 2,
      scalarsLength: 2,
    });
    const phases = advance(trainer, 6).map(({ phase }) => phase);
    expect(phases).toEqual(['1 grad-stats', '2 grad', '2 eval/validation', '3 grad-stats', '3 eval/validation', '3 eval/test']);
    expect(trainer.plan()).toBeUndefined();
  });

  it('takes the same steps from the same sums: bits depend on the bundle and the totals only', () => {
    const [one, other] = [openTrainer(bundle()), openTrainer(bundle())];
    const [first, second] = [advance(one, 6), advance(other, 6)];
    expect(second).toEqual(first);
    expect(other.parameters).toEqual(one.parameters);
    expect(other.checkpoint()).toEqual(one.checkpoint());
  });

  it('carries its optimiser from step to step: the second of two equal gradients does not move as the first', () => {
    const trainer = openTrainer(bundle());
    const [first, second] = advance(trainer, 2);
    const [one, other] = [first, second].map(({ absorbed }) => (absorbed.update as { delta: Float32Array }).delta);
    expect(one.some((value) => value !== 0)).toBe(true);
    expect(other).not.toEqual(one);
  });

  it('leaves parameters and state alone when it absorbs: the run loop applies updates', () => {
    const trainer = openTrainer(bundle());
    const before = trainer.parameters.slice();
    trainer.absorb(totalFor(trainer));
    expect(trainer.parameters).toEqual(before);
  });

  it('evaluates without an update: mean loss and accuracy of the split’s examples', () => {
    const trainer = openTrainer(bundle());
    advance(trainer, 2);
    const saved = trainer.checkpoint();
    expect(trainer.absorb(totalFor(trainer))).toEqual({
      evaluation: { split: 'validation', loss: 0.5, accuracy: 1 / 3, examples: 256 },
    });
    expect(trainer.checkpoint()).toEqual(saved);
  });

  it('reports means of the columns as measurements', () => {
    const [{ absorbed }] = advance(openTrainer(bundle()), 1);
    expect(absorbed.measurements).toMatchObject({ trainLoss: 0.5, trainAccuracy: 1 / 3 });
    expect(absorbed.record).toEqual({ examples: 256 });
  });

  it('divides by the count once: twice the sums of twice the examples are the same step', () => {
    const [plain, doubled] = [openTrainer(bundle()), openTrainer(bundle())];
    const total = totalFor(doubled);
    const twice = { ...total, count: 512, sums: total.sums.map((value) => 2 * value), scalars: total.scalars.map((value) => 2 * value) };
    expect(doubled.absorb(twice).update).toEqual(plain.absorb(totalFor(plain)).update);
  });

  it('puts the optimiser’s and the committed state into a checkpoint, as copies', () => {
    const trainer = openTrainer(bundle());
    const names = (): string[] => [...trainer.checkpoint()['optimizer.safetensors'].tensors.keys()];
    expect(names()).toEqual(expect.arrayContaining(['version', 'step', 'committed/values', 'committed/weights']));
    expect(names().some((name) => name.startsWith('hidden/')) && names().some((name) => name.startsWith('head/'))).toBe(true);
    const before = trainer.checkpoint()['optimizer.safetensors'].tensors.get('step')!;
    advance(trainer, 2);
    const after = trainer.checkpoint()['optimizer.safetensors'].tensors.get('step')!;
    expectClose(Array.from(before.data as ArrayLike<number>), [0], {});
    expectClose(Array.from(after.data as ArrayLike<number>), [2], {});
  });
});

describe('createTrainer', () => {
  it('tells the cluster side what it must know and hides the spec', async () => {
    const { meta } = await createTrainer(bundle());
    expect(meta).toMatchObject({ name: 'trainer-test', seed: 4, steps: 3, slots: 4, engine: 'reference', parametersLayout: layout });
    expect(meta.specDigest).toMatch(/^sha256:/);
  });

  it('says what is wrong with bytes that are no bundle', async () => {
    await expect(createTrainer(new TextEncoder().encode('{"version":2}'))).rejects.toThrow(/version.*expected 1, got 2/);
  });
});

describe('takeDumps', () => {
  it('hands out curvature factors that were not positive definite, once', () => {
    const trainer = openTrainer(bundle());
    const total = totalFor(trainer);
    total.sums.fill(0, layout.size);
    // A [65, 65] and then S [3, 3], packed: S has an eigenvalue far below minus the damping and a positive trace.
    const [inA, inS] = [layout.size, layout.size + (65 * 66) / 2];
    total.sums[inA] = 256;
    [2560, 0, 0, 256, 0, -1280].forEach((value, at) => (total.sums[inS + at] = value));
    const { measurements } = trainer.absorb(total);
    expect(measurements).toMatchObject({ fallbacks: 1, clamped: 1, kept: 0 });
    expect(trainer.takeDumps().map(({ name }) => name)).toEqual(['step-000001-dense1-S-float64.matrix']);
    expect(trainer.takeDumps()).toEqual([]);
  });

  it('comes with what its arithmetic depends on', () => {
    expect(openTrainer(bundle()).fingerprint).toMatchObject({ arch: process.arch, linalg: 'auto', plainUpTo: 96 });
  });
});

describe('linalg', () => {
  async function trained(linalg: RunSpec['linalg']): Promise<BundleTrainer> {
    const { trainer } = await createTrainer(bundle(3, linalg));
    advance(trainer as BundleTrainer, 6);
    return trainer as BundleTrainer;
  }

  it('gives plain, wasm and auto the same bits, and each its own fingerprint', async () => {
    const [plain, wasm, auto] = [await trained('plain'), await trained('wasm'), await trained('auto')];
    expect(wasm.parameters).toEqual(plain.parameters);
    expect(auto.parameters).toEqual(plain.parameters);
    expect([plain, wasm, auto].map(({ fingerprint }) => fingerprint['linalg'])).toEqual(['plain', 'wasm', 'auto']);
    expect(wasm.checkpoint()).toEqual(plain.checkpoint());
  });

  it.skipIf(!lapack.available)('takes LAPACK when asked: the same numbers to rounding, its library in the fingerprint', async () => {
    const [plain, native] = [await trained('plain'), await trained('lapack')];
    expectClose(native.parameters, plain.parameters, { abs: 1e-6 });
    expect(native.fingerprint).toMatchObject({ linalg: 'lapack', library: expect.stringMatching(/blas|lapack/) as string, threads: 1 });
  });

  it('opens LAPACK with createTrainer only', () => {
    expect(() => openTrainer(bundle(3, 'lapack'))).toThrow(
      'openTrainer: expected linalg auto, plain or wasm, got lapack (createTrainer opens it)',
    );
  });
});
