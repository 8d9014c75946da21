import { validateRunSpec } from '@geodesic/run-spec';
import { describe, expect, it } from 'vitest';
import { defaultGroups, modelOf, type RecipeRun } from '../src/recipes.ts';
import { runInProcess, specOf } from './run-in-process.ts';

const common = { name: 'recipe-test', seed: 1, data: { source: 'digits' }, batch: { examples: 128 }, steps: 40 };
const shape = { inputs: 64, classes: 10 };

describe('modelOf', () => {
  it('builds an MLP of the widths that the spec names', () => {
    const spec = specOf({ ...common, model: { recipe: 'mlp-classifier', hidden: [7, 5], activation: 'relu' } });
    const { layers, featureShape, task } = modelOf(spec as RecipeRun, shape, 40);
    expect(layers.map(({ name, inputs, outputs }) => [name, inputs, outputs])).toEqual([
      ['dense1', 64, 7],
      ['dense2', 7, 5],
      ['head', 5, 10],
    ]);
    expect({ featureShape, target: task.target }).toEqual({ featureShape: [64], target: { dtype: 'int32', shape: [], below: 10 } });
  });

  it('builds an NDM with a metric on every chart', () => {
    const spec = specOf({ ...common, model: { recipe: 'ndm-classifier', width: 6, blocks: 2, hidden: 4 } });
    const { charts, parameters } = modelOf(spec as RecipeRun, shape, 40);
    expect(charts.map(({ output, layers }) => [output, layers.length])).toEqual([
      ['chart0', 0],
      ['chart1', 4],
      ['chart2', 4],
    ]);
    expect(parameters.filter(({ name }) => name.endsWith('.factor')).map(({ shape }) => shape)).toEqual([
      [6, 8],
      [6, 8],
      [6, 8],
    ]);
  });

  it.each([
    [0.1, 40, 4],
    [0.1, 4, 1],
    [0, 40, 1],
  ])('warms the volume weight up over %f of %i steps: %i', (volumeWarmup, steps, expected) => {
    const spec = specOf({ ...common, model: { recipe: 'ndm-classifier' }, objective: { volume: 0.02, volumeWarmup } });
    const entry = modelOf(spec as RecipeRun, shape, steps).state.find(({ rule }) => rule.kind === 'warmup');
    expect(entry?.rule).toEqual({ kind: 'warmup', target: 0.02, steps: expected });
  });
});

describe('defaultGroups', () => {
  it.each(['mlp-classifier', 'ndm-classifier'] as const)(
    '%s: gives groups that the spec accepts and that leave no parameter out',
    (recipe) => {
      const { model } = specOf({ ...common, model: { recipe } });
      const spec = validateRunSpec({ ...common, model, optimizer: { groups: defaultGroups(model) } });
      expect(spec.optimizer.groups?.at(-1)?.match).toEqual(['**']);
    },
  );

  it('preconditions the blocks of an NDM by its learned metric, its ends by the Fisher matrix, and trains metric nets with Adam', () => {
    const { model } = specOf({ ...common, model: { recipe: 'ndm-classifier' } });
    expect(defaultGroups(model)?.map(({ name, method }) => [name, method])).toEqual([
      ['ends', 'kfac'],
      ['charts', 'metric-kfac'],
      ['geometry', 'adam'],
    ]);
  });
});

describe('recipes of libs/nn in a spec', () => {
  it.each([
    { recipe: 'cnn-classifier', filters: [4, 8] },
    { recipe: 'cnn-classifier', filters: [4], batchNorm: true },
    { recipe: 'cnn-classifier', filters: [4, 4], hidden: [8] },
    { recipe: 'transformer-classifier', width: 8, blocks: 1, heads: 2, dropout: 0.1 },
    { recipe: 'autoencoder', hidden: [16, 4] },
  ])('trains $recipe with its default groups', async (model) => {
    const spec = specOf({ ...common, model, steps: 6, batch: { examples: 64, slots: 2 }, evaluate: { every: 0 } });
    const { history } = await runInProcess(spec);
    const losses = history.map(({ trainLoss }) => trainLoss);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1)).toBeLessThan(losses[0]);
  });
});
