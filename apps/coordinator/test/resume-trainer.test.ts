/** createTrainer from a checkpoint: what fits, what does not, and one that an older version wrote. */
import { readCheckpoint, type Checkpoint, type StoredTensor } from '@geodesic/checkpoint';
import { applyUpdate, type Contribution } from '@geodesic/cluster';
import { encodeBundle } from '@geodesic/engine';
import { buildPrograms, mlpClassifier } from '@geodesic/nn';
import { deriveKey, fillNormal } from '@geodesic/random';
import { freezeRunSpec, resolveGroups, slotPlan, validateRunSpec } from '@geodesic/run-spec';
import { describe, expect, it } from 'vitest';
import { committedFiles } from '../src/checkpoint-content.ts';
import { createTrainer, openTrainer, type BundleTrainer, type ResumePoint } from '../src/trainer.ts';

/** A small MLP on the digits: Adam for the hidden layer, K-FAC or SGD for the head. */
function bundle({ hidden = 3, steps = 4, head = 'kfac' }: { hidden?: number; steps?: number; head?: 'kfac' | 'sgd' } = {}): Uint8Array {
  const model = mlpClassifier({ inputs: 64, classes: 10, hidden: [hidden], activation: 'tanh' });
  const spec = freezeRunSpec(
    validateRunSpec({
      name: 'resume-test',
      seed: 4,
      model: { recipe: 'mlp-classifier', hidden: [hidden] },
      data: { source: 'digits', validation: 0.1 },
      batch: { examples: 256, slots: 4 },
      steps,
      engine: 'reference',
      evaluate: { every: 2 },
      optimizer: {
        groups: [
          { name: 'hidden', match: ['dense1'], method: 'adam' },
          { name: 'head', match: ['head'], method: head, ...(head === 'kfac' && { statisticsEvery: 2, inverseEvery: 2 }) },
        ],
      },
    }),
  );
  const members = model.parameters.map(({ name }) => ({ name, layer: name.split('.')[0] }));
  const groups = resolveGroups(spec.optimizer.groups, members).map((group, i) => {
    const { name: _name, match: _match, method, ...options } = spec.optimizer.groups[i];
    return { ...group, method, options };
  });
  const { slotExamples: slotSize } = slotPlan(spec.batch);
  const curvature = new Map(head === 'kfac' ? [['head', { source: 'sampled', form: 'kronecker' }] as const] : []);
  const { constantInputs: _none, ...programs } = buildPrograms({ model, slotSize, curvature });
  const { parameters, layers, state } = model;
  return encodeBundle({ version: 1, spec, slotSize, parameters, layers, state, groups, ...programs });
}

/** Takes rounds with made-up totals, curvature sums near 256 times the identity, as the run loop does. */
function advance(trainer: BundleTrainer, rounds: number): string[] {
  return Array.from({ length: rounds }, () => {
    const { step, phase, slots, sumsLength, scalarsLength } = trainer.plan()!;
    const sums = new Float32Array(sumsLength);
    fillNormal(deriveKey(9, phase, step), 0, sums);
    if (phase === 'grad-stats') {
      let offset = trainer.layout.size;
      for (const n of [4, 10]) for (let i = 0; i < n; offset += n - i, i++) sums[offset] += 256;
    }
    const scalars = Float64Array.from({ length: scalarsLength }, (_, i) => 256 / (i + 2));
    const total: Contribution = { block: { level: Math.log2(slots), index: 0 }, count: 256, scalars, sums };
    const { update } = trainer.absorb(total);
    if (update && 'delta' in update) {
      applyUpdate(trainer.parameters, update.delta);
      trainer.state.set(update.state);
    }
    return `${step} ${phase}`;
  });
}

/** A resume point after `step`, from rounds that really were made. */
function pointAfter(step: 0 | 1 | 2, options: Parameters<typeof bundle>[0] = {}): ResumePoint {
  const trainer = openTrainer(bundle(options));
  advance(trainer, step);
  const { parameters, state, layout } = trainer;
  const files = { ...committedFiles({ parameters, state, previous: new Float32Array(0) }, layout), ...trainer.checkpoint() };
  return { step, files: new Map(Object.entries(files)) };
}

describe('createTrainer from a checkpoint', () => {
  it.each([0, 1, 2] as const)('goes on after step %d as if nothing had happened, its evaluation first', async (step) => {
    const whole = openTrainer(bundle());
    const phases = advance(whole, 7);
    const { trainer, meta } = await createTrainer(bundle(), pointAfter(step));
    const rest = advance(trainer as BundleTrainer, 7 - step);
    expect(rest).toEqual(phases.slice(step));
    expect(trainer.parameters).toEqual(whole.parameters);
    expect(trainer.checkpoint!()).toEqual(whole.checkpoint());
    expect(meta.steps).toBe(4);
  });

  it('takes longer and shorter runs, but none that is over before the checkpoint', async () => {
    const { trainer } = await createTrainer(bundle({ steps: 2 }), pointAfter(2));
    expect(advance(trainer as BundleTrainer, 2)).toEqual(['2 eval/validation', '2 eval/test']);
    await expect(createTrainer(bundle({ steps: 1 }), pointAfter(2))).rejects.toMatchObject({
      code: 'CHECKPOINT_UNFIT',
      message: "resume: expected a checkpoint of one of the run's 1 steps, got step 2",
      hint: 'give the run more steps',
    });
  });

  it.each([
    [
      'another model',
      { hidden: 5 },
      'resume: expected dense1.weight in parameters.safetensors to be a Float32Array [64,5], got F32 [64,3]',
    ],
    ['another method', { head: 'sgd' }, 'resume: expected no head/head/A in optimizer.safetensors, got 16 numbers'],
  ] as const)('names the first thing that does not fit %s', async (_what, options, message) => {
    const attempt = createTrainer(bundle(options), pointAfter(2));
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toMatchObject({ code: 'CHECKPOINT_UNFIT' });
  });

  it('names an array too many, and the state of the model where that is another one', async () => {
    const { files } = pointAfter(2);
    const { tensors } = files.get('optimizer.safetensors')!;
    const changed = (change: (copy: Map<string, StoredTensor>) => void): ResumePoint => {
      const copy = new Map(tensors);
      change(copy);
      return { step: 2, files: new Map([...files, ['optimizer.safetensors', { tensors: copy }]]), freshOptimizer: true };
    };
    const state = { dtype: 'F64', shape: [9], data: new Float64Array(9) } as const;
    const more = changed((copy) => copy.set('head/more', state));
    await expect(createTrainer(bundle(), { ...more, freshOptimizer: false })).rejects.toThrow(
      'resume: expected no head/more in optimizer.safetensors, got 9 numbers',
    );
    await expect(createTrainer(bundle(), more)).resolves.toBeDefined();
    await expect(
      createTrainer(
        bundle(),
        changed((copy) => copy.set('committed/values', state)),
      ),
    ).rejects.toThrow(/^resume: expected committed\/values of \d+ numbers in optimizer\.safetensors, got 9 numbers$/);
  });

  it('begins the optimiser anew where that is asked for: parameters and the count of steps go on', async () => {
    const point = pointAfter(2);
    const { trainer } = await createTrainer(bundle({ head: 'sgd' }), { ...point, freshOptimizer: true });
    const optimizer = trainer.checkpoint!()['optimizer.safetensors'].tensors;
    expect(optimizer.get('step')?.data).toEqual(Float64Array.of(2));
    expect(
      [...optimizer]
        .filter(([name]) => name.startsWith('hidden/'))
        .flatMap(([, { data }]) => [...data])
        .every((v) => v === 0),
    ).toBe(true);
    expect(trainer.parameters).not.toEqual(openTrainer(bundle()).parameters);
    expect(advance(trainer as BundleTrainer, 2)).toEqual(['2 eval/validation', '3 grad']);
  });

  it('goes on from a checkpoint that the first version wrote', async () => {
    const folder = new URL('./fixtures/checkpoint-schema-1/step-000002', import.meta.url).pathname;
    const { manifest, files }: Checkpoint = await readCheckpoint(folder);
    expect(manifest.schemaVersion).toBe(1);
    const { trainer } = await createTrainer(bundle(), { step: 2, files });
    expect(trainer.checkpoint!()['optimizer.safetensors'].tensors).toEqual(files.get('optimizer.safetensors')?.tensors);
    expect(advance(trainer as BundleTrainer, 3)).toEqual(['2 eval/validation', '3 grad-stats', '4 grad']);
  });
});
