import * as tf from '@tensorflow/tfjs-core';
import { bundleDigest, canonicalJson, decodeBundle, type Bundle } from '@geodesic/engine';
import { buildPrograms, mlpClassifier, type LayerCurvature, type Model, type TensorFunction } from '@geodesic/nn';
import { describe, expect, it } from 'vitest';
import { buildBundle } from '../src/build-bundle.ts';
import { checkExamples } from '../src/check-examples.ts';
import { specOf } from './run-in-process.ts';

const mlp = {
  name: 'bundle-test',
  seed: 1,
  model: { recipe: 'mlp-classifier', hidden: [5] },
  data: { source: 'digits' },
  batch: { examples: 128, slots: 2 },
  steps: 4,
};
const ndm = { ...mlp, model: { recipe: 'ndm-classifier', width: 4, blocks: 1, hidden: 3, metric: { rank: 2, basis: 2, hidden: 3 } } };

function bundleOf(written: Readonly<Record<string, unknown>>): Bundle {
  return decodeBundle(buildBundle(specOf(written)).bundle);
}

describe('buildBundle', () => {
  it.each([mlp, ndm])('gives equal specs equal digests: $model.recipe', (written) => {
    const digest = (spec: typeof written): string => bundleDigest(buildBundle(specOf(spec)).bundle);
    expect(digest({ ...written })).toBe(digest(written));
    expect(digest({ ...written, seed: 2 })).not.toBe(digest(written));
  });

  it.each([mlp, ndm])('lets the seed change the spec and nothing else: $model.recipe', (written) => {
    const { spec: first, ...rest } = bundleOf(written);
    const { spec: second, ...others } = bundleOf({ ...written, seed: 2 });
    expect(canonicalJson(others)).toBe(canonicalJson(rest));
    expect(second).toEqual({ ...(first as object), seed: 2 });
  });

  it('records the engine and the steps that it resolved, never auto or epochs', () => {
    const { steps: _steps, ...timeless } = mlp;
    const { spec } = bundleOf({ ...timeless, epochs: 2 });
    expect(spec).toMatchObject({ engine: 'onnx-cpu', steps: 22 });
    expect(spec).not.toHaveProperty('epochs');
    expect(bundleOf({ ...mlp, engine: 'reference' }).spec).toMatchObject({ engine: 'reference' });
  });

  it('rounds the operands of products for a run that computes in 16 bits', () => {
    const kernels = (spec: Readonly<Record<string, unknown>>): string[] =>
      bundleOf(spec).phases.grad.graph.nodes.map(({ kernel }) => kernel);
    expect(kernels(mlp)).not.toContain('RoundTo');
    expect(kernels({ ...mlp, compute: 'bfloat16' })).toContain('RoundTo');
  });

  it('assigns every parameter to one group, and sums curvature for the layers of K-FAC groups only', () => {
    const groups = [
      { name: 'first', match: ['dense1'], method: 'kfac' },
      { name: 'rest', match: ['**'], method: 'adam' },
    ];
    const bundle = bundleOf({ ...mlp, optimizer: { groups } });
    expect(bundle.groups.map(({ name, parameters, layers }) => ({ name, parameters, layers }))).toEqual([
      { name: 'first', parameters: ['dense1.weight', 'dense1.bias'], layers: ['dense1'] },
      { name: 'rest', parameters: ['head.weight', 'head.bias'], layers: ['head'] },
    ]);
    expect(bundle.phases['grad-stats'].sums.map(({ name }) => name)).toEqual(['gradient', 'A/dense1', 'S/dense1']);
    expect(bundle.phases.grad.sums.map(({ name }) => name)).toEqual(['gradient']);
  });

  it('summarises what is trained how', () => {
    const { summary } = buildBundle(specOf(ndm));
    expect(summary.steps).toBe(4);
    expect(summary.groups.map(({ name, method, layers }) => [name, method, layers])).toEqual([
      ['ends', 'kfac', 2],
      ['charts', 'metric-kfac', 4],
      ['geometry', 'adam', 0],
    ]);
    expect(summary.groups.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(summary.parameters);
  });

  it.each([
    [
      'a parameter without a group',
      [{ name: 'first', match: ['dense1'], method: 'kfac' }],
      /expected a group for parameter head\.weight, got none among first/,
    ],
    [
      'a glob that matches nothing',
      [{ name: 'all', match: ['**', 'dense9'], method: 'kfac' }],
      /expected "dense9" of group all to match a layer or parameter/,
    ],
    [
      'an empty group',
      [
        { name: 'all', match: ['**'], method: 'kfac' },
        { name: 'late', match: ['head'], method: 'adam' },
      ],
      /expected group late to hold a parameter/,
    ],
  ])('refuses %s', (_, groups, message) => {
    expect(() => buildBundle(specOf({ ...mlp, optimizer: { groups } }))).toThrow(message);
  });

  it('refuses metric-kfac for a layer that no chart has, naming the layer', () => {
    const groups = [
      { name: 'ends', match: ['stem', 'head'], method: 'metric-kfac' },
      { name: 'rest', match: ['**'], method: 'adam' },
    ];
    expect(() => buildBundle(specOf({ ...ndm, optimizer: { groups } }))).toThrow(/model: stem: expected a chart that it belongs to/);
  });
});

describe('checkExamples', () => {
  const separable = mlpClassifier({ inputs: 4, classes: 3, hidden: [3], activation: 'tanh' });

  function check(model: Model): void {
    const curvature = new Map<string, LayerCurvature>(model.layers.map(({ name }) => [name, { source: 'sampled', form: 'kronecker' }]));
    checkExamples(model, buildPrograms({ model, slotSize: 3, curvature }).phases);
  }

  it('accepts a model that treats examples alone', () => {
    expect(() => check(separable)).not.toThrow();
  });

  it('refuses logits that depend on the batch, naming the output', () => {
    const forward: Model['forward'] = (t, mode) => {
      const { logits } = separable.forward(t, mode);
      return { logits: tf.sub(logits, tf.mean(logits, 0, true)) };
    };
    expect(() => check({ ...separable, forward })).toThrow(/output 'examples': expected row 0 unchanged when input row 1 changes/);
  });

  it('refuses an objective that depends on the batch though no column shows it, naming the sum', () => {
    const terms: TensorFunction = ({ logits }) => {
      const size = tf.sum(tf.square(logits), 1);
      return { objective: tf.square(tf.sub(size, tf.mean(size))), size };
    };
    expect(() => check({ ...separable, evolution: { columns: ['size'], terms } })).toThrow(
      /sum gradient of grad: expected the sum of what its examples add in slots apart/,
    );
  });

  it('names the operation that makes NaN, before anything is said about examples', () => {
    const forward: Model['forward'] = (t, mode) => ({ logits: tf.log(tf.sub(separable.forward(t, mode).logits, 100)) });
    expect(() => check({ ...separable, forward })).toThrow(
      /phase grad on plausible inputs: expected finite numbers, got Log float32\[3,3\].* makes NaN of/,
    );
  });
});
