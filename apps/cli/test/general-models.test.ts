import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { encodeSafetensors, float32Tensor } from '@geodesic/checkpoint';
import { decodeBundle } from '@geodesic/engine';
import { autoencoder, cnnClassifier, type Model } from '@geodesic/nn';
import { digestRunSpec, validateRunSpec, type GroupInput } from '@geodesic/run-spec';
import { makeLayout, sizeOf, viewOf } from '@geodesic/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import { buildBundle } from '../src/build-bundle.ts';
import { inBlocks } from './reduce-blocks.ts';
import { runBundle, specOf } from './run-in-process.ts';

const common = {
  name: 'general-models',
  seed: 5,
  model: { recipe: 'mlp-classifier', hidden: [3] },
  data: { source: 'digits', validation: 0.45 },
  batch: { examples: 16, slots: 4 },
  steps: 2,
  evaluate: { every: 0 },
  engine: 'reference',
};
const adam: GroupInput = { name: 'rest', match: ['**'], method: 'adam' };

/** The bundle of a model made here, as that of a user's model. */
function bundleOf(model: Model, groups: readonly GroupInput[], written: object = {}): Uint8Array {
  const spec = specOf({ ...common, ...written, model: { module: './model.mjs' }, optimizer: { groups } });
  return buildBundle(spec, { model, digest: `sha256:${'0'.repeat(64)}` }).bundle;
}

const small = cnnClassifier({ imageShape: [8, 8, 1], classes: 10, filters: [2], batchNorm: true, featureShape: [64] });

describe('a model with batch norm', () => {
  const groups: GroupInput[] = [{ name: 'layers', match: ['conv1', 'head'], method: 'kfac', damping: 0.1 }, adam];

  it('commits the same running moments, and parameters, from 1, 2 and 4 blocks of slots', async () => {
    const bundle = bundleOf(small, groups);
    const runs = [await runBundle(bundle, inBlocks(1)), await runBundle(bundle, inBlocks(2)), await runBundle(bundle, inBlocks(4))];
    expect(new Set(runs.map(({ digest }) => digest)).size).toBe(1);
    const { state } = runs[0].trainer;
    expect(state).toHaveLength(4);
    // Means of pre-activations have moved from 0, variances from 1.
    expect(state.every((value, i) => value !== (i < 2 ? 0 : 1))).toBe(true);
  });

  it('may mix examples by its moments and by nothing else', () => {
    const mixing: Model = {
      ...small,
      forward: (t, mode) => {
        const { logits, ...sums } = small.forward(t, mode);
        return { ...sums, logits: tf.sub(logits, tf.mean(logits, 0, true)) };
      },
    };
    expect(() => bundleOf(mixing, groups)).toThrow(/row independence: output 'examples'/);
    const { coupling: _declared, ...silent } = small;
    expect(() => bundleOf(silent, groups)).toThrow(/row independence: output 'examples'/);
  });

  it('refuses a kernel of its norms, naming layer and kind, and takes kfac', () => {
    expect(() => bundleOf(small, [{ name: 'norms', match: ['norm1'], method: 'kernel' }, adam])).toThrow(
      'model: norm1: expected a layer of kind dense for method kernel of group norms, got kind norm (move it to a group of kfac, adam, sgd or frozen)',
    );
    const bundle = decodeBundle(bundleOf(small, [{ name: 'all', match: ['**'], method: 'kfac' }]));
    expect(bundle.phases['grad-stats'].sums.map(({ name }) => name)).toContain('U/norm1');
  });
});

describe('an autoencoder', () => {
  it('trains on its own features and reports a loss without an accuracy', async () => {
    const model = autoencoder({ inputs: 64, hidden: [3] });
    const { measurements, trainer } = await runBundle(bundleOf(model, [{ name: 'all', match: ['**'], method: 'kfac', damping: 1 }]));
    expect(measurements.trainLoss).toBeGreaterThan(0);
    expect(Object.keys(measurements).filter((name) => name.endsWith('Accuracy'))).toEqual([]);
    expect(trainer.parameters.some((value) => value !== 0)).toBe(true);
  });
});

describe('a frozen group', () => {
  it('keeps its parameters to the last bit, and their gradients are not computed', async () => {
    const groups: GroupInput[] = [{ name: 'kept', match: ['conv1', 'norm1'], method: 'frozen' }, adam];
    const bundle = bundleOf(small, groups);
    const before = bundleOf(small, groups, { steps: 1 });
    const first = (await import('@geodesic/coordinator/trainer')).openTrainer(before);
    const start = first.parameters.slice();
    const { trainer } = await runBundle(bundle);
    for (const { name } of trainer.layout.entries) {
      const [was, is] = [viewOf(trainer.layout, start, name), viewOf(trainer.layout, trainer.parameters, name)];
      const same = Buffer.from(was.slice().buffer).equals(Buffer.from(is.slice().buffer));
      expect([name, same]).toEqual([name, !name.startsWith('head')]);
    }
    const { grad } = decodeBundle(bundle).phases;
    const kernels = grad.graph.nodes.map(({ kernel }) => kernel);
    expect(kernels).not.toContain('Conv2DFilterGrad');
    expect(decodeBundle(bundleOf(small, [adam])).phases.grad.graph.nodes.map(({ kernel }) => kernel)).toContain('Conv2DFilterGrad');
  });
});

describe('init', () => {
  const folder = mkdtempSync(join(tmpdir(), 'geodesic-init-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const written = { ...common, optimizer: { groups: [adam] } };
  const parameters = decodeBundle(buildBundle(specOf(written)).bundle).parameters;
  const layout = makeLayout(parameters);
  const values = Float32Array.from({ length: layout.size }, (_, i) => Math.fround(Math.sin(i)));

  function checkpoint(file: string, rename: (name: string) => string | undefined): string {
    const tensors = layout.entries.flatMap(({ name, shape }) => {
      const stored = rename(name);
      return stored === undefined ? [] : [[stored, float32Tensor(shape, viewOf(layout, values, name).slice())] as const];
    });
    writeFileSync(join(folder, file), encodeSafetensors(new Map(tensors)));
    return file;
  }

  const start = async (init: object): Promise<Float32Array> => {
    const { bundle } = buildBundle(specOf({ ...written, init }), undefined, { folder });
    return (await import('@geodesic/coordinator/trainer')).openTrainer(bundle).parameters;
  };

  it('begins from a checkpoint, exactly, by names that a map may change', async () => {
    const file = checkpoint('renamed.safetensors', (name) => (name === 'head.bias' ? 'out/b' : name));
    expect(await start({ checkpoint: file, map: { 'head.bias': 'out/b' } })).toEqual(values);
  });

  it('keeps initialisation from data away from what was read', async () => {
    const ndm = { ...written, model: { recipe: 'ndm-classifier', width: 4, blocks: 1, hidden: 2 } };
    const table = decodeBundle(buildBundle(specOf(ndm)).bundle).parameters;
    const file = (name: string, keep: (parameter: string) => boolean): string => {
      const tensors = table.flatMap(({ name: parameter, shape }) =>
        keep(parameter) ? [[parameter, float32Tensor(shape, new Float32Array(sizeOf(shape)))] as const] : [],
      );
      writeFileSync(join(folder, name), encodeSafetensors(new Map(tensors)));
      return name;
    };
    const outputs = (init: object): string[] | undefined =>
      decodeBundle(buildBundle(specOf({ ...ndm, init }), undefined, { folder }).bundle).finishInit?.outputs.map(({ name }) => name);
    const all = file('whole.safetensors', () => true);
    expect(outputs({ checkpoint: all })).toBeUndefined();
    const part = file('shift.safetensors', (parameter) => parameter.endsWith('.shift'));
    expect(outputs({ checkpoint: part, strict: false })).toEqual(['parameter:block1.norm.logScale']);
    const scale = file('scale.safetensors', (parameter) => parameter.endsWith('.logScale'));
    const { bundle } = buildBundle(specOf({ ...ndm, init: { checkpoint: scale, strict: false } }), undefined, { folder });
    const { trainer } = await runBundle(bundle);
    expect(trainer.parameters.every(Number.isFinite)).toBe(true);
  });

  it('lists everything that does not fit in one error', async () => {
    const file = checkpoint('wrong.safetensors', (name) => ({ 'head.weight': 'head.bias', 'dense1.bias': 'dense1.bias' })[name]);
    await expect(start({ checkpoint: file, map: { 'hed.bias': 'b' } })).rejects.toThrow(
      new RegExp(
        [
          'init.checkpoint: .*wrong.safetensors does not fit the model',
          '  init.map: expected a parameter of the model, got hed.bias',
          '  dense1.weight: expected dense1.weight F32 or F64 \\[64, 3\\], got none',
          '  head.weight: expected head.weight F32 or F64 \\[3, 10\\], got none',
          '  head.bias: expected head.bias F32 or F64 \\[10\\], got F32 \\[3, 10\\]',
        ].join('\n'),
      ),
    );
    await expect(start({ checkpoint: 'nowhere' })).rejects.toThrow(/expected nowhere to be a checkpoint .*, got ENOENT/);
  });

  it('initialises what is missing as usual when it is not strict', async () => {
    const file = checkpoint('part.safetensors', (name) => (name.startsWith('head') ? name : undefined));
    const [usual, found] = [
      await start({ checkpoint: checkpoint('all.safetensors', (name) => name) }),
      await start({ checkpoint: file, strict: false }),
    ];
    expect(viewOf(layout, found, 'head.weight')).toEqual(viewOf(layout, usual, 'head.weight'));
    expect(viewOf(layout, found, 'dense1.weight')).not.toEqual(viewOf(layout, usual, 'dense1.weight'));
  });

  it('makes what was read part of the run’s digest, and not where it lay', () => {
    const digestOf = (init: object): string => {
      const { bundle } = buildBundle(specOf({ ...written, init }), undefined, { folder });
      return digestRunSpec(validateRunSpec(decodeBundle(bundle).spec));
    };
    const [one, copy, other] = [
      checkpoint('one.safetensors', (name) => name),
      checkpoint('copy.safetensors', (name) => name),
      checkpoint('other.safetensors', (name) => (name === 'head.bias' ? undefined : name)),
    ];
    const digest = digestOf({ checkpoint: one, strict: false });
    expect(digestOf({ checkpoint: copy, strict: false })).toBe(digest);
    expect(digestOf({ checkpoint: other, strict: false })).not.toBe(digest);
    expect(() => digestOf({ checkpoint: one, digest: `sha256:${'0'.repeat(64)}` })).toThrow(/of digest sha256:0{64}, got sha256:/);
  });
});
