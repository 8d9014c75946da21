/** Models whose curvature has nothing in it somewhere: they train on, finite and downhill, by every search. */
import * as tf from '@tensorflow/tfjs-core';
import { decodeSafetensors } from '@geodesic/checkpoint';
import { trace } from '@geodesic/engine/trace';
import {
  activation,
  captureLayers,
  classificationTask,
  dense,
  embedding,
  emptyTables,
  layeredModel,
  sequential,
  type Layer,
  type Model,
  type Tensors,
} from '@geodesic/nn';
import { describe, expect, it } from 'vitest';
import { bundleOfModel, type ModelRun } from './model-bundle.ts';
import { runInProcess, specOf } from './run-in-process.ts';
import { SimulatedCluster } from './simulated-cluster.ts';

const task = classificationTask({ classes: 3 });
const bent = activation('tanh');
const head = dense({ name: 'head', inputs: 4, outputs: 3 });

/** A function as a layer. */
const pointwise = (apply: (x: tf.Tensor) => tf.Tensor): Layer => ({ ...emptyTables, apply: (_, x) => apply(x) });

const classifier = (...layers: readonly Layer[]): Model =>
  layeredModel({ net: sequential(layers), featureShape: [2], task, output: 'logits' });

const plain = classifier(dense({ name: 'dense1', inputs: 2, outputs: 4 }), bent, head);

/** Every step sees all examples. */
const whole = { batch: { examples: 90, slots: 2 } };

/** x W^2, the layer of one weight used twice in one role, whose bias both uses have. */
function tied(transposed: boolean): Model {
  const shapes = { 'in.weight': [2, 4], 'tied.weight': [4, 4], 'tied.bias': [4], 'head.weight': [4, 3] };
  const parameters = Object.entries(shapes).map(([name, shape]) => ({
    name,
    shape,
    initializer: { kind: 'normal', standardDeviation: 0.5 } as const,
  }));
  const logits = (t: Tensors): tf.Tensor => {
    const once = tf.tanh(tf.add(tf.matMul(tf.matMul(t.x, t['in.weight']), t['tied.weight']), t['tied.bias']));
    const twice = transposed ? tf.matMul(once, t['tied.weight'], false, true) : tf.add(tf.matMul(once, t['tied.weight']), t['tied.bias']);
    return tf.matMul(tf.tanh(twice), t['head.weight']);
  };
  const forward = (t: Tensors): Record<string, tf.Tensor> => ({ logits: logits(t) });
  const inputs = { x: { shape: [2, 2] }, ...Object.fromEntries(parameters.map(({ name, shape }) => [name, { shape }])) };
  const { layers } = captureLayers(trace(forward, inputs), parameters);
  return { featureShape: [2], task, parameters, layers, state: [], charts: [], forward };
}

interface Case {
  readonly title: string;
  readonly model: Model;
  /** Parameters that have no gradient, by name. */
  readonly still?: readonly string[];
  readonly spec?: object;
}

const models: readonly Case[] = [
  {
    title: 'inputs that are zero, and so are A and the gradient',
    model: classifier(
      pointwise((x) => tf.mul(0, x)),
      dense({ name: 'blind', inputs: 2, outputs: 4, bias: false }),
      bent,
      head,
    ),
    still: ['blind.weight', 'head.weight'],
  },
  {
    title: 'one input that is zero',
    model: classifier(
      pointwise((x) => tf.mul(x, tf.tensor1d([1, 0]))),
      dense({ name: 'dense1', inputs: 2, outputs: 4 }),
      bent,
      head,
    ),
  },
  {
    title: 'layers of one weight',
    model: classifier(
      pointwise((x) => tf.slice(x, [0, 0], [-1, 1])),
      dense({ name: 'one', inputs: 1, outputs: 1, bias: false }),
      bent,
      dense({ name: 'other', inputs: 1, outputs: 1, bias: false }),
      dense({ name: 'wide', inputs: 1, outputs: 4 }),
      bent,
      head,
    ),
  },
  {
    title: 'dead relus, below which no gradient comes, and above which no input',
    model: classifier(
      dense({ name: 'dead', inputs: 2, outputs: 4 }),
      pointwise((s) => tf.relu(tf.sub(s, 100))),
      head,
    ),
    still: ['dead.bias', 'dead.weight', 'head.weight'],
  },
  {
    title: 'half of the relus dead',
    model: classifier(
      dense({ name: 'dying', inputs: 2, outputs: 4 }),
      pointwise((s) => tf.relu(tf.sub(s, tf.tensor1d([0, 100, 0, 100])))),
      head,
    ),
  },
  {
    title: 'ids that repeat, and ids that are never seen',
    model: classifier(
      pointwise((x) => tf.cast(tf.greater(x, 0), 'float32')),
      embedding({ name: 'table', vocabulary: 5, width: 2, positions: 2 }),
      pointwise((x) => tf.reshape(x, [-1, 4])),
      head,
    ),
  },
  { title: 'a weight that is used twice in one role', model: tied(false) },
  { title: 'a single example', model: plain, spec: { batch: { examples: 1, slots: 1 } } },
];

const quadratic = { rule: 'quadratic', damping: 0.1, adaptEvery: 2, maxRejections: 30 };
const methods: readonly (readonly [string, Omit<ModelRun, 'spec'>])[] = [
  ['kfac', { group: { method: 'kfac' } }],
  ['ekfac', { group: { method: 'ekfac' } }],
  ['the quadratic search', { group: { method: 'kfac', inverseEvery: 1 }, search: quadratic }],
];

describe.each(methods)('by %s', (_, run) => {
  it.each(models)('a model trains with $title', async ({ model, still = [], spec = whole }) => {
    const { history, saved, trainer } = await new SimulatedCluster(bundleOfModel(model, { ...run, spec })).run({ workers: 1 });
    expect(history).toHaveLength(10);
    for (const row of history) expect(Object.values(row).filter(Number.isNaN)).toEqual([]);
    expect(trainer.parameters.every(Number.isFinite)).toBe(true);
    const before = decodeSafetensors(saved[0].files.get('parameters.safetensors')!).tensors;
    const after = decodeSafetensors(saved.at(-1)!.files.get('parameters.safetensors')!).tensors;
    const unmoved = [...after].filter(([name, { data }]) => data.every((value, i) => value === before.get(name)!.data[i]));
    expect(unmoved.map(([name]) => name).toSorted()).toEqual(still);
    // The loss of one example after the other tells nothing.
    if (spec !== whole) return;
    const losses = history.map(({ trainLoss }) => trainLoss);
    expect(losses.at(-1)).toBeLessThan(losses[0] + 1e-6);
    const rises = losses.filter((loss, i) => i > 0 && loss > losses[i - 1] * (1 + 1e-5));
    expect(run.search === undefined ? [] : rises).toEqual([]);
  });
});

describe('a parameter without a gradient', () => {
  const idle = { name: 'idle', shape: [3], initializer: { kind: 'constant', value: 0.5 } } as const;
  const model: Model = { ...plain, parameters: [...plain.parameters, idle] };
  const rest = (method: string): object[] => [
    { name: 'layers', match: ['dense1', 'head'], method: 'kfac' },
    { name: 'rest', match: ['**'], method },
  ];

  it.each<[string, ModelRun]>([
    ['adam', { groups: rest('adam') }],
    ['cg', { groups: rest('cg') }],
    ['frozen, under a search', { groups: rest('frozen'), search: quadratic }],
    ['cg, under a search', { group: { method: 'cg', iterations: 3 }, search: quadratic }],
  ])('stays as it is by %s, while others train', async (_, run) => {
    const { history, trainer } = await new SimulatedCluster(bundleOfModel(model, { ...run, spec: whole })).run({ workers: 2 });
    expect([...trainer.parameters.subarray(-3)]).toEqual([0.5, 0.5, 0.5]);
    expect(history.at(-1)!['trainLoss']).toBeLessThan(0.99 * history[0]['trainLoss']);
  });

  it('is refused by name in a group that solves with layers', () => {
    expect(() => bundleOfModel(model, { group: { method: 'kfac' } })).toThrow(
      'model: idle: expected a parameter of a captured layer for method kfac of group all, got one of no layer (move it to an adam, sgd or frozen group)',
    );
  });
});

describe('a weight that is used twice in different roles', () => {
  it('is refused by name', () => {
    expect(() => bundleOfModel(tied(true), { group: { method: 'kfac' } })).toThrow(
      /^model: tied.weight: expected a parameter of a captured layer for method kfac of group all, got one of no layer/,
    );
  });
});

describe('a transformer', () => {
  it('trains its embeddings, of ids that repeat and ids never seen, and its norms by every search', async () => {
    const model = { recipe: 'transformer-classifier', width: 4, blocks: 1, heads: 2, levels: 40 };
    for (const [method, search] of [
      ['kfac', undefined],
      ['ekfac', undefined],
      ['kfac', quadratic],
    ] as const) {
      const groups = [
        { name: 'positions', match: ['embedding.positions'], method: 'frozen' },
        { name: 'layers', match: ['**'], method, ...(search === undefined && { damping: 0.1 }) },
      ];
      const spec = specOf({
        name: 'transformer',
        seed: 2,
        model,
        data: { source: 'digits' },
        batch: { examples: 12, slots: 2 },
        steps: 5,
        evaluate: { every: 0 },
        engine: 'onnx-cpu',
        optimizer: { groups, ...(search && { search }) },
      });
      const { history } = await runInProcess(spec);
      expect(history).toHaveLength(5);
      for (const row of history) expect(Object.values(row).filter(Number.isNaN)).toEqual([]);
      expect(history.every(({ trainLoss }) => trainLoss < 10)).toBe(true);
    }
  });
});
