/** What cannot work is refused where the user sits, as `geo validate` does, before anything is traced: with the name of the layer or field. */
import { autoencoder, mlpClassifier, type Model } from '@geodesic/nn';
import { describe, expect, it } from 'vitest';
import { planRun } from '../src/plan-run.ts';
import { specOf } from './run-in-process.ts';

const digest = `sha256:${'0'.repeat(64)}`;

interface Written {
  readonly groups: readonly object[];
  readonly search?: object;
  readonly model?: object;
  readonly batch?: object;
}

/** Plans a run of a recipe, or of a model made here. */
function plan(
  { groups, search, model = { recipe: 'mlp-classifier', hidden: [8] }, batch = { examples: 64 } }: Written,
  made?: Model,
): void {
  const optimizer = { groups: groups.map((group) => ({ name: 'all', match: ['**'], ...group })), ...(search && { search }) };
  const written = { name: 'impossible', seed: 1, data: { source: 'digits' }, steps: 2, batch, optimizer };
  planRun(specOf({ ...written, model: made ? { module: './model.mjs' } : model }), made && { model: made, digest }, '.');
}

const quadratic = { rule: 'quadratic' };
const adam = { name: 'rest', method: 'adam' };
const transformer = { recipe: 'transformer-classifier', width: 8, blocks: 1, heads: 2 };
const ndm = { recipe: 'ndm-classifier', width: 8, blocks: 1, hidden: 4 };

describe('a run that cannot work', () => {
  it.each<[string, Written, RegExp]>([
    [
      'a kernel of too many examples',
      { groups: [{ method: 'kernel' }], batch: { examples: 8192 } },
      /groups\.0\.method: expected another method than kernel, or batch\.examples of at most 4096/,
    ],
    [
      'a kernel that grows too large',
      { groups: [{ method: 'kernel' }], batch: { examples: 64, growth: { to: 5000, steps: 4 } } },
      /groups\.0\.method: expected .*batch\.growth\.to of at most 4096/,
    ],
    [
      'a kernel of a layer with shared positions',
      { groups: [{ method: 'kernel', match: ['block1.dense1'] }, adam], model: transformer },
      /model: block1\.dense1: expected one position an example for method kernel of group all, got 64/,
    ],
    [
      'a kernel of an embedding',
      { groups: [{ method: 'kernel', match: ['embedding'] }, adam], model: transformer },
      /model: embedding: expected a layer of kind dense for method kernel/,
    ],
    [
      'metric K-FAC of a norm',
      { groups: [{ method: 'metric-kfac' }], model: ndm },
      /stem: expected a chart that it belongs to for method metric-kfac/,
    ],
    [
      'K-FAC of parameters of no layer',
      { groups: [{ method: 'kfac' }], model: transformer },
      /embedding\.positions: expected a parameter of a captured layer for method kfac/,
    ],
    [
      'a dense block of a large layer',
      { groups: [{ method: 'block' }], model: { recipe: 'mlp-classifier', hidden: [64] } },
      /model: dense1: expected at most 4096 parameters for a dense block, got 4160/,
    ],
    [
      'a metric where there is none',
      { groups: [{ method: 'kfac', dampingRule: 'metric' }] },
      /groups\.0\.dampingRule: expected one of pi, eigenbasis, got "metric"/,
    ],
    [
      'adam under the quadratic search',
      { groups: [{ method: 'kfac', match: ['head'] }, adam], search: quadratic },
      /groups\.1\.method: expected a natural-gradient method or frozen/,
    ],
    [
      'a learning rate under the quadratic search',
      { groups: [{ method: 'kfac', learningRate: 0.1 }], search: quadratic },
      /groups\.0\.learningRate: expected no learningRate under optimizer\.search quadratic/,
    ],
    [
      'samples of an exact Fisher matrix',
      { groups: [{ method: 'ekfac', fisher: 'exact', samples: 2 }] },
      /groups\.0\.samples: expected 1 with fisher "exact"/,
    ],
  ])('is refused: %s', (_, written, message) => {
    expect(() => plan(written)).toThrow(message);
  });

  it('is refused: an exact Fisher matrix of too many outputs', () => {
    const wide = autoencoder({ inputs: 300, hidden: [4] });
    const run = { groups: [{ method: 'kfac', fisher: 'exact' }] };
    expect(() => plan(run, { ...wide, featureShape: [64] })).toThrow(
      /model: encoder1: expected at most 256 roots of the output's curvature for an exact Fisher matrix, got 300 .*\(take sampled\)/,
    );
    expect(() => plan({ ...run, groups: [{ method: 'kfac' }] }, { ...wide, featureShape: [64] })).not.toThrow();
  });

  it('is refused: an exact Fisher matrix of a loss whose curvature is not known', () => {
    const model = mlpClassifier({ inputs: 64, classes: 10, hidden: [4], activation: 'tanh' });
    const { curvature: _unknown, ...task } = model.task;
    expect(() => plan({ groups: [{ method: 'ekfac', fisher: 'exact' }] }, { ...model, task })).toThrow(
      /model: dense1: expected a task whose loss has a known curvature, got classification, which has none \(take sampled\)/,
    );
  });

  it.each<[string, Written]>([
    [
      'K-FAC of embeddings and norms',
      { groups: [{ name: 'positions', match: ['embedding.positions'], method: 'adam' }, { method: 'kfac' }], model: transformer },
    ],
    ['a block of a small layer', { groups: [{ method: 'block' }], model: { recipe: 'mlp-classifier', hidden: [8] } }],
    [
      'a frozen group under the search',
      {
        groups: [
          { method: 'kfac', match: ['head'] },
          { name: 'rest', method: 'frozen' },
        ],
        search: quadratic,
      },
    ],
    ['a kernel of 4096 examples', { groups: [{ method: 'kernel' }], batch: { examples: 4096 } }],
  ])('is planned: %s', (_, written) => {
    expect(() => plan(written)).not.toThrow();
  });
});
