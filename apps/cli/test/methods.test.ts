/** Every method of the spec from its words to the end of a run: what the schema takes, the bundle carries and the optimiser reads is one. */
import { describe, expect, it } from 'vitest';
import { runInProcess, specOf } from './run-in-process.ts';

const common = {
  name: 'methods-test',
  seed: 3,
  model: { recipe: 'mlp-classifier', hidden: [6] },
  data: { source: 'digits', validation: 0.45 },
  batch: { examples: 96, slots: 2 },
  steps: 12,
  evaluate: { every: 0 },
  engine: 'reference',
};
const quadratic = { search: { rule: 'quadratic' } };

function specWith(group: object, optimizer: object = {}): ReturnType<typeof specOf> {
  return specOf({ ...common, optimizer: { ...optimizer, groups: [{ name: 'all', match: ['**'], ...group }] } });
}

describe('a run by each method', () => {
  it.each<[object, object?]>([
    [{ method: 'kfac', dampingRule: 'eigenbasis', inverseWhenMoved: 0.1 }],
    [{ method: 'kfac', fisher: 'exact', burnIn: 2 }],
    [{ method: 'kfac', fisher: 'forward' }],
    [{ method: 'kfac', undampedInputs: ['dense*'], samples: 2 }],
    [
      { method: 'kfac', damping: 0.1 },
      { codec: { kind: 'int8', level: 1 }, probeEvery: 4 },
    ],
    [{ method: 'ekfac', fisher: 'empirical' }],
    [{ method: 'diagonal' }],
    [{ method: 'block' }],
    [{ method: 'cg', iterations: 4 }],
    [{ method: 'cg', preconditioner: 'kfac', iterations: 2 }],
    [{ method: 'kernel' }],
    [{ method: 'kernel', fisher: 'empirical', spring: 0.5 }],
    [{ method: 'kfac' }, quadratic],
    [{ method: 'ekfac', burnIn: 1 }, { search: { rule: 'quadratic', calibrate: true, momentum: 0.5, reject: false } }],
    [{ method: 'soap', learningRate: 0.01 }],
    [{ method: 'shampoo', learningRate: 0.01 }],
    [{ method: 'muon', adamParameters: ['head.*'], adamLearningRate: 0.01 }],
    [{ method: 'lbfgs', learningRate: 0.1 }],
  ])('lowers the loss: %j %j', async (group, optimizer) => {
    const { history } = await runInProcess(specWith(group, optimizer));
    expect(history).toHaveLength(common.steps);
    expect(history.at(-1)!['trainLoss']).toBeLessThan(0.95 * history[0]['trainLoss']);
  });
});

describe('a run of a transformer', () => {
  it('takes its embeddings and norms by kfac', async () => {
    const model = { recipe: 'transformer-classifier', width: 8, blocks: 1, heads: 2, levels: 5 };
    const positions = { name: 'positions', match: ['embedding.positions'], method: 'adam' };
    const optimizer = { groups: [positions, { name: 'layers', match: ['**'], method: 'kfac', damping: 0.1, sharing: 'expand' }] };
    const { history } = await runInProcess(
      specOf({ ...common, model, optimizer, steps: 5, batch: { examples: 16, slots: 2 }, engine: 'onnx-cpu' }),
    );
    expect(history.every(({ trainLoss }) => Number.isFinite(trainLoss))).toBe(true);
  });
});
