import type { GroupEntry } from '@geodesic/engine';
import { cnnClassifier, mlpClassifier, transformerClassifier, type Model } from '@geodesic/nn';
import { freezeRunSpec, validateRunSpec, type GroupInput } from '@geodesic/run-spec';
import { describe, expect, it } from 'vitest';
import { planOptimizer, type OptimizerPlan } from '../src/optimizer-plan.ts';

const mlp = mlpClassifier({ inputs: 4, classes: 3, hidden: [5], activation: 'tanh' });
const images = { imageShape: [4, 4, 1], classes: 3, filters: [2] } as const;
const cnn = cnnClassifier({ ...images, batchNorm: false });
const norms = cnnClassifier({ ...images, batchNorm: true });
const transformer = transformerClassifier({ vocabulary: 5, classes: 3, positions: 4, width: 4, blocks: 1, heads: 2 });
/** As if a metric lived at the logits. */
const charted: Model = { ...mlp, charts: [{ output: 'logits', layers: ['dense1', 'head'] }] };
const all = { name: 'all', match: ['**'] };

function plan(
  groups: readonly object[],
  { model = mlp, optimizer = {}, examples = 64 }: { model?: Model; optimizer?: object; examples?: number } = {},
): OptimizerPlan {
  const spec = validateRunSpec({
    name: 'plan',
    seed: 1,
    model: { module: './model.mjs' },
    data: { source: 'digits' },
    batch: { examples: 64, slots: 2 },
    steps: 4,
    optimizer: { ...optimizer, groups: groups as GroupInput[] },
  });
  return planOptimizer(freezeRunSpec(spec), model, { wholeBatch: false, examples });
}

const optionsOf = ({ groups: [group] }: { groups: readonly GroupEntry[] }): Readonly<Record<string, unknown>> => group.options;

describe('planOptimizer, the curvature of layers', () => {
  it.each([
    [{ method: 'kfac' }, { source: 'sampled', form: 'kronecker' }],
    [
      { method: 'kfac', samples: 3 },
      { source: 'sampled', form: 'kronecker', samples: 3 },
    ],
    [
      { method: 'kfac', fisher: 'forward' },
      { source: 'forward', form: 'kronecker' },
    ],
    [
      { method: 'kfac', dampingRule: 'metric' },
      { source: 'sampled', form: 'kronecker', dampingMetric: 'pullback' },
    ],
    [
      { method: 'kfac', dampingRule: 'metric', dampingMetric: 'local' },
      { source: 'sampled', form: 'kronecker', dampingMetric: 'local' },
    ],
    [
      { method: 'metric-kfac', form: 'local' },
      { source: 'metric-local', form: 'kronecker' },
    ],
    [
      { method: 'ekfac', fisher: 'exact' },
      { source: 'exact', form: 'eigenbasis' },
    ],
    [
      { method: 'diagonal', fisher: 'empirical' },
      { source: 'empirical', form: 'diagonal' },
    ],
    [{ method: 'block' }, { source: 'sampled', form: 'dense' }],
    [
      { method: 'cg', preconditioner: 'kfac' },
      { source: 'sampled', form: 'kronecker' },
    ],
  ])('%j', (options, curvature) => {
    expect([...plan([{ ...all, ...options }], { model: charted }).curvature]).toEqual([
      ['dense1', curvature],
      ['head', curvature],
    ]);
  });

  it('takes no statistics for kernels, plain conjugate gradients and first-order peers', () => {
    for (const method of ['kernel', 'cg', 'adam', 'soap', 'lbfgs']) expect(plan([{ ...all, method }]).curvature.size).toBe(0);
  });

  it('rounds factors by the codec, and only factors', () => {
    const groups = [
      { name: 'first', match: ['dense1'], method: 'kfac' },
      { name: 'last', match: ['head'], method: 'block' },
    ];
    const { curvature, programs } = plan(groups, { optimizer: { codec: { kind: 'int8', level: 1 } } });
    expect(curvature.get('dense1')).toHaveProperty('codec', 'int8');
    expect(curvature.get('head')).not.toHaveProperty('codec');
    expect(programs.codecLevel).toBe(1);
  });

  it('changes how shared positions are treated where there are any', () => {
    const { curvature, layers } = plan([{ ...all, method: 'kfac', sharing: 'reduce' }], { model: cnn });
    expect(layers.map(({ name, sharing }) => [name, sharing])).toEqual([
      ['conv1', 'reduce'],
      ['head', 'none'],
    ]);
    expect(curvature.get('conv1')).toHaveProperty('sharing', 'reduce');
    expect(curvature.get('head')).not.toHaveProperty('sharing');
    expect(() => plan([{ ...all, method: 'ekfac', sharing: 'reduce' }])).toThrow(
      'model: group all: expected a dense or conv layer with shared positions for sharing reduce, got none (take sharing: reduce out)',
    );
  });
});

describe('planOptimizer, the programs', () => {
  it.each([
    ['kfac', {}, { wholeBatch: false }],
    ['kfac', { optimizer: { search: { rule: 'quadratic' } } }, { objective: true, quad: true, trial: true, wholeBatch: false }],
    ['kfac', { optimizer: { probeEvery: 5 } }, { probe: true, wholeBatch: false }],
    ['cg', {}, { product: true, wholeBatch: false }],
    ['kernel', {}, { gram: { layers: ['dense1', 'head'], fisher: 'sampled' }, wholeBatch: false }],
    ['adam', {}, { wholeBatch: false }],
  ])('%s %j', (method, more, programs) => {
    expect(plan([{ ...all, method }], more).programs).toEqual(programs);
  });

  it('burns in where a group asks for it', () => {
    expect(plan([{ ...all, method: 'ekfac', burnIn: 2 }]).programs.burnin).toBe(true);
  });
});

describe('planOptimizer, the options of groups', () => {
  it('writes globs out and leaves the words of the spec out', () => {
    const options = optionsOf(plan([{ ...all, method: 'kfac', undampedInputs: ['dense*'], sharing: 'expand' }], { model: cnnWithDense() }));
    expect(options.undampedInputs).toEqual(['dense1']);
    expect(options).not.toHaveProperty('sharing');
    expect(options).toMatchObject({ fisher: 'sampled', dampingRule: 'pi', learningRate: { initial: 0.1 } });
    expect(optionsOf(plan([{ ...all, method: 'muon', adamParameters: ['head.*'] }])).adamParameters).toEqual(['head.weight', 'head.bias']);
    expect(() => plan([{ ...all, method: 'kfac', undampedInputs: ['dense9'] }])).toThrow(
      'undampedInputs of group all: expected "dense9" to match a name, got no match (did you mean "dense1"?)',
    );
  });

  it('gives the preconditioner of conjugate gradients its layers', () => {
    expect(optionsOf(plan([{ ...all, method: 'cg', preconditioner: 'kfac', inverseEvery: 7 }]))).toEqual({
      learningRate: { initial: 0.1, final: 0.1, warmupSteps: 0, shape: 'constant' },
      momentum: 0.9,
      damping: 0.01,
      klClip: 0.01,
      weightDecay: 0,
      iterations: 20,
      tolerance: 1e-3,
      progress: 5e-4,
      warmStart: 0.95,
      preconditioner: { layers: ['dense1', 'head'], factorDecay: 0.95, statisticsEvery: 1, inverseEvery: 7, fisher: 'sampled', samples: 1 },
    });
    expect(optionsOf(plan([{ ...all, method: 'cg' }])).preconditioner).toBeNull();
  });

  it('makes the rates of groups neutral under a search, which the bundle carries', () => {
    const searched = plan([{ ...all, method: 'kfac' }], { optimizer: { search: { rule: 'quadratic', damping: 3 } } });
    expect(optionsOf(searched)).toMatchObject({ learningRate: { initial: 1, shape: 'constant' }, momentum: 0, klClip: null, damping: 3 });
    expect(searched.search).toMatchObject({ rule: 'quadratic', damping: 3, momentum: 'adaptive' });
    expect(plan([{ ...all, method: 'kfac' }])).not.toHaveProperty('search');
  });
});

describe('planOptimizer, layers that a method cannot take', () => {
  const adamRest = { name: 'rest', match: ['**'], method: 'adam' };

  it.each(['kfac', 'ekfac', 'diagonal', 'block'])('takes embeddings and norms by %s', (method) => {
    const layers = transformer.layers.filter(({ kind }) => kind === 'embedding' || kind === 'norm').map(({ name }) => name);
    expect(layers.length).toBeGreaterThan(1);
    expect([...plan([{ name: 'natural', match: layers, method }, adamRest], { model: transformer }).curvature.keys()]).toEqual(layers);
  });

  it.each<[string, Model, readonly object[], string]>([
    [
      'an embedding in metric-kfac',
      transformer,
      [{ ...all, method: 'metric-kfac' }],
      'model: embedding: expected a layer of kind dense or conv for method metric-kfac of group all, got kind embedding (move it to a group of kfac, adam, sgd or frozen)',
    ],
    [
      'a pulled-back metric where there is no chart',
      mlp,
      [{ ...all, method: 'metric-kfac' }],
      'model: dense1: expected a chart that it belongs to for method metric-kfac of group all, got none (move it to a group of kfac, adam, sgd or frozen)',
    ],
    [
      'a norm damped by a metric',
      norms,
      [{ ...all, method: 'kfac', dampingRule: 'metric' }],
      'model: norm1: expected a layer of kind dense or conv or embedding for method kfac of group all, got kind norm (move it to a group of dampingRule pi, adam, sgd or frozen)',
    ],
    [
      'a convolution in a kernel',
      cnn,
      [{ ...all, method: 'kernel' }],
      'model: conv1: expected a layer of kind dense for method kernel of group all, got kind conv (move it to a group of kfac, adam, sgd or frozen)',
    ],
    [
      'shared positions in a kernel',
      transformer,
      [{ name: 'kernel', match: ['block1.dense1'], method: 'kernel' }, adamRest],
      'model: block1.dense1: expected one position an example for method kernel of group kernel, got 4 (use kfac or cg, which take shared positions)',
    ],
    [
      'examples that mix in a kernel',
      norms,
      [{ name: 'kernel', match: ['head'], method: 'kernel' }, adamRest],
      'model: head: expected examples that do not mix for method kernel of group kernel, got batch norms (use kfac, or layer norms)',
    ],
    [
      'half a layer',
      mlp,
      [{ name: 'half', match: ['dense1.weight'], method: 'kfac' }, adamRest],
      "model: dense1: expected weight and bias in one group for method kfac of group half, got dense1.bias in another group (match the layer's name instead)",
    ],
  ])('refuses %s', (_, model, groups, message) => {
    expect(() => plan(groups, { model })).toThrow(message);
  });

  it('refuses a kernel whose batch is too large, naming the group', () => {
    const wide = mlpClassifier({ inputs: 40_000, classes: 3, hidden: [5], activation: 'tanh' });
    expect(() => plan([{ ...all, method: 'kernel' }], { model: wide, examples: 2048 })).toThrow(
      /^optimizer\.groups\.all: expected at most 67108864 numbers in the gathered rows for method kernel, got 2048 examples of 40023 each/,
    );
    expect(() => plan([{ ...all, method: 'kernel' }], { examples: 8192 })).toThrow(
      /^optimizer\.groups\.all: expected at most 4096 examples in a step/,
    );
  });

  it('refuses a parameter of no layer, naming it', () => {
    const loose: Model = {
      ...mlp,
      parameters: [...mlp.parameters, { name: 'scale', shape: [], initializer: { kind: 'constant', value: 1 } }],
    };
    expect(() => plan([{ ...all, method: 'kfac' }], { model: loose })).toThrow(
      'model: scale: expected a parameter of a captured layer for method kfac of group all, got one of no layer (move it to an adam, sgd or frozen group)',
    );
    expect(plan([{ ...all, method: 'cg' }], { model: loose }).groups[0].parameters).toContain('scale');
  });
});

/** A model with a convolution and a dense layer before its head. */
function cnnWithDense(): Model {
  const conv = cnn.layers[0];
  return {
    ...mlp,
    layers: [{ ...conv, name: 'conv1', weight: 'conv1.weight', bias: false }, ...mlp.layers],
    parameters: [{ name: 'conv1.weight', shape: [9, 2], initializer: { kind: 'constant', value: 0 } }, ...mlp.parameters],
  };
}
