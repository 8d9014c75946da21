import { createOptimizer, type GroupConfig, OptimizerConfigError, type QuadraticSearch } from '@geodesic/natural-gradient';
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
    [{ inverseWhenMoved: -1 }, 'dense.inverseWhenMoved', 'a number of at least 0, got -1'],
    [{ burnIn: 0.5 }, 'dense.burnIn', 'an integer of at least 0, got 0.5'],
    [{ fisher: 'mc' }, 'dense.fisher', "sampled, exact, empirical or forward, got 'mc'"],
    [{ samples: 0 }, 'dense.samples', 'an integer of at least 1, got 0'],
    [{ fisher: 'exact', samples: 2 }, 'dense.samples', "1 for the Fisher type 'exact', which draws no targets, got 2"],
    [{ dampingRule: 'tikhonov' }, 'dense.dampingRule', "pi, eigenbasis or metric, got 'tikhonov'"],
    [{ undampedInputs: ['tail'] }, 'dense.undampedInputs', "names among the layers of the group, got 'tail'"],
    [{ undampedInputs: ['stem'], dampingRule: 'eigenbasis' }, 'dense.undampedInputs', "empty with the damping rule 'eigenbasis'"],
    [
      { method: 'newton' },
      'dense.method',
      "kfac, metric-kfac, ekfac, diagonal, block, cg, kernel, adam, sgd, soap, shampoo, muon, lbfgs or frozen, got 'newton'",
    ],
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

describe('checkMethod of a natural group', () => {
  const { learningRate, momentum, klClip, damping, weightDecay } = kfac;
  const natural = { learningRate, momentum, klClip, damping, weightDecay };
  const { layers: own, factorDecay, statisticsEvery, inverseEvery } = kfac;
  const statistics = { ...natural, layers: own, factorDecay, statisticsEvery, inverseEvery };
  const preconditioner = { layers: own, factorDecay, statisticsEvery, inverseEvery };
  const cg = { ...natural, method: 'cg', iterations: 10, tolerance: 1e-3, warmStart: 0.5, preconditioner: null };
  const kernel = { ...natural, method: 'kernel', layers: own, fisher: 'sampled', spring: 0 };
  const named = (method: object): GroupConfig => ({ name: 'dense', parameters: kfacParameters, ...method }) as unknown as GroupConfig;

  it.each([
    [{ ...cg, iterations: 0 }, 'dense.iterations'],
    [{ ...cg, tolerance: 1 }, 'dense.tolerance'],
    [{ ...cg, warmStart: 1.5 }, 'dense.warmStart'],
    [{ ...cg, preconditioner: { ...preconditioner, factorDecay: 1 } }, 'dense.preconditioner.factorDecay'],
    [{ ...cg, preconditioner: { ...preconditioner, fisher: 'exact', samples: 3 } }, 'dense.preconditioner.samples'],
    [{ ...kernel, fisher: 'exact' }, 'dense.fisher'],
    [{ ...kernel, spring: 1 }, 'dense.spring'],
    [{ ...statistics, method: 'metric-kfac', form: 'global' }, 'dense.form'],
    [{ ...statistics, method: 'metric-kfac', dampingRule: 'metric' }, 'dense.dampingRule'],
    [{ ...statistics, method: 'ekfac', fisher: 'mc' }, 'dense.fisher'],
    [{ ...statistics, method: 'diagonal', statisticsEvery: 0 }, 'dense.statisticsEvery'],
    [{ ...statistics, method: 'block', damping: 0 }, 'dense.damping'],
  ])('refuses %o, naming %s', (method, field) => {
    expect(() => create([named(method), rest])).toThrow(`createOptimizer: expected ${field} to be`);
  });

  it.each([
    [cg, 'at most 10 iterations to 0.001, warm start 0.5, no preconditioner'],
    [{ ...cg, warmStart: 0, preconditioner }, 'at most 10 iterations to 0.001, preconditioned by K-FAC'],
    [{ ...kernel, spring: 0.9 }, 'sampled Fisher, SPRING 0.9'],
    [
      { ...statistics, method: 'metric-kfac', form: 'local', normalizeMetric: true },
      'factors every 2 (decay 0.95), inverses every 3, local metric, metric normalised',
    ],
    [
      { ...statistics, method: 'ekfac', samples: 2, inverseWhenMoved: 0.1, burnIn: 4 },
      'factors every 2 (decay 0.95), inverses every 3 when moved by 0.1, burn-in 4, 2 samples',
    ],
    [{ ...statistics, method: 'diagonal', fisher: 'exact' }, 'factors every 2 (decay 0.95), inverses every 3, exact Fisher'],
    [{ ...kfac, undampedInputs: ['stem'] }, 'factors every 2 (decay 0.95), inverses every 3, inputs of stem undamped'],
    [{ ...kfac, dampingRule: 'metric' }, 'factors every 2 (decay 0.95), inverses every 3, damping by the metric'],
  ])('describes %o in one line', (method, line) => {
    const optimizer = createOptimizer({ groups: [named(method), rest], layers, parameters: layout, totalSteps: 10 });
    expect(optimizer.describe()[0].options).toBe(`damping 0.01, KL clip 0.01, momentum 0.9, ${line}, weight decay 0.001`);
  });
});

describe('checkSearch', () => {
  const search: QuadraticSearch = {
    rule: 'quadratic',
    damping: 1,
    calibrate: false,
    adaptEvery: 5,
    adaptFactor: 0.95,
    minDamping: 1e-8,
    maxDamping: 1e3,
    momentum: 'adaptive',
    reject: true,
    rejectFactor: 4,
    maxRejections: 5,
  };
  const still: GroupConfig = { name: 'rest', parameters: ['scale'], method: 'frozen' };
  const searching = (change: object, other: GroupConfig = still): unknown =>
    createOptimizer({ groups: [dense, other], layers, parameters: layout, totalSteps: 10, search: { ...search, ...change } });

  it.each([
    [{ rule: 'line' }, "search.rule to be fixed or quadratic, got 'line'"],
    [{ damping: 0 }, 'search.damping to be a number above 0, got 0'],
    [{ damping: 1e4 }, 'search.damping to be between minDamping 1e-8 and maxDamping 1000, got 10000'],
    [{ calibrate: 1 }, 'search.calibrate to be true or false, got 1'],
    [{ adaptEvery: 0 }, 'search.adaptEvery to be an integer of at least 1, got 0'],
    [{ adaptFactor: 1 }, 'search.adaptFactor to be a number in (0, 1), got 1'],
    [{ minDamping: 0 }, 'search.minDamping to be a number above 0, got 0'],
    [{ momentum: 1 }, 'search.momentum to be a number in [0, 1), got 1'],
    [{ reject: 'no' }, "search.reject to be true or false, got 'no'"],
    [{ rejectFactor: 1 }, 'search.rejectFactor to be a number above 1, got 1'],
    [{ modelShare: 0.3 }, 'search.modelShare to be 1, 0.5, 0.25, 0.125 or 0.0625, got 0.3'],
    [{ maxRejections: 0 }, 'search.maxRejections to be an integer of at least 1, got 0'],
  ])('refuses %o', (change, message) => {
    expect(() => searching(change)).toThrow(`createOptimizer: expected ${message}`);
  });

  it('takes natural and frozen groups, and names another', () => {
    expect(() => searching({})).not.toThrow();
    expect(() => searching({}, rest)).toThrow(
      'expected rest.method to be a natural-gradient method (kfac, metric-kfac, ekfac, diagonal, block, cg, kernel) or frozen ' +
        "with the search 'quadratic', got 'adam'",
    );
  });
});

describe('checkGroupNames', () => {
  it('wants names that are unique and usable as keys', () => {
    expect(() => create([dense, { ...rest, name: 'dense' }])).toThrow("expected group name to be used once, got 'dense'");
    expect(() => create([dense, { ...rest, name: 'a/b' }])).toThrow("expected group name to be a name without '/', got 'a/b'");
    expect(() => create([dense, { ...rest, name: 'search' }])).toThrow("expected group name to be another than 'search'");
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
