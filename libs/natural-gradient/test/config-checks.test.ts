import { createOptimizer, type GroupConfig, OptimizerConfigError } from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { adam, groups, kfac, kfacParameters, layers, layout, sgd } from './fixtures.ts';

const [dense, rest] = groups;
const create = (changed: readonly GroupConfig[], totalSteps = 10): unknown =>
  createOptimizer({ groups: changed, layers, parameters: layout, totalSteps });
const withDense = (change: object): unknown => create([{ ...dense, ...change }, rest]);
const withRest = (change: object): unknown => create([dense, { ...rest, ...change }]);

describe('checkMethod', () => {
  it.each([
    [{ damping: 0 }, 'dense.damping', 'a number above 0, got 0'],
    [{ damping: Number.NaN }, 'dense.damping', 'a number above 0, got NaN'],
    [{ momentum: 1 }, 'dense.momentum', 'a number in [0, 1), got 1'],
    [{ klClip: -1 }, 'dense.klClip', 'a number above 0, got -1'],
    [{ factorDecay: 1 }, 'dense.factorDecay', 'a number in [0, 1), got 1'],
    [{ statisticsEvery: 0 }, 'dense.statisticsEvery', 'an integer of at least 1, got 0'],
    [{ inverseEvery: 2.5 }, 'dense.inverseEvery', 'an integer of at least 1, got 2.5'],
    [{ weightDecay: -1 }, 'dense.weightDecay', 'a number of at least 0, got -1'],
    [{ normalizeMetric: true }, 'dense.normalizeMetric', "false for method 'kfac'"],
    [{ normalizeMetric: 'yes' }, 'dense.normalizeMetric', "true or false, got 'yes'"],
    [{ learningRate: { ...kfac.learningRate, initial: -1 } }, 'dense.learningRate.initial', 'a number of at least 0, got -1'],
    [{ learningRate: { ...kfac.learningRate, warmupSteps: 0.5 } }, 'dense.learningRate.warmupSteps', 'an integer of at least 0, got 0.5'],
    [{ learningRate: { ...kfac.learningRate, shape: 'step' } }, 'dense.learningRate.shape', "constant, linear or cosine, got 'step'"],
    [{ method: 'shampoo' }, 'dense.method', "kfac, metric-kfac, adam, sgd or frozen, got 'shampoo'"],
  ])('refuses %o of a K-FAC group, naming %s', (change, field, message) => {
    expect(() => withDense(change)).toThrow(OptimizerConfigError);
    expect(() => withDense(change)).toThrow(`expected ${field} to be ${message}`);
  });

  it.each([
    [{ ...adam, beta1: 1 }, 'rest.beta1'],
    [{ ...adam, beta2: -0.1 }, 'rest.beta2'],
    [{ ...adam, epsilon: 0 }, 'rest.epsilon'],
    [{ ...sgd, momentum: 2 }, 'rest.momentum'],
    [{ ...sgd, nesterov: 1 }, 'rest.nesterov'],
    [{ ...adam, parameters: [] }, 'rest.parameters'],
  ])('refuses %o of a plain group, naming %s', (change, field) => {
    expect(() => withRest(change)).toThrow(`createOptimizer: expected ${field} to be`);
  });
});

describe('checkGroupNames', () => {
  it('wants names that are unique and usable as keys', () => {
    expect(() => create([dense, { ...rest, name: 'dense' }])).toThrow("expected group name to be used once, got 'dense'");
    expect(() => create([dense, { ...rest, name: 'a/b' }])).toThrow("expected group name to be a name without '/', got 'a/b'");
    expect(() => create([])).toThrow('expected groups to be a list of at least one group');
  });
});

describe('checkTotalSteps', () => {
  it('wants a positive integer', () => {
    expect(() => create(groups, 0)).toThrow('expected totalSteps to be an integer of at least 1, got 0');
  });
});

describe('describeGroup', () => {
  it('has a row for every group', () => {
    const optimizer = createOptimizer({ groups, layers, parameters: layout, totalSteps: 10 });
    expect(optimizer.describe()).toEqual([
      {
        name: 'dense',
        method: 'kfac',
        tensors: kfacParameters.length,
        size: 24,
        learningRate: '0.3 -> 0.03 cosine, warm-up 2',
        options: 'damping 0.01, KL clip 0.01, momentum 0.9, factors every 2 (decay 0.95), inverses every 3, weight decay 0.001',
      },
      {
        name: 'rest',
        method: 'adam',
        tensors: 1,
        size: 5,
        learningRate: '0.01',
        options: 'betas 0.9 0.999, epsilon 1e-8, weight decay 0.01',
      },
    ]);
  });
});
