/** Every kind of layer of tfjs-layers, as a graph: the numbers of eager tfjs, and the tables of parameters. */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { evaluate } from '@geodesic/engine';
import { trace } from '@geodesic/engine/trace';
import { expectClose } from '@geodesic/testing';
import type { NumericArray } from '@geodesic/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { layersFunction } from '../src/layers/layers-function.ts';
import { collectDraws } from '../src/layers/noise.ts';
import { weightsOf } from '../src/layers/weights.ts';
import { readyTfjs } from '../src/ready-tfjs.ts';

const { layers } = tfl;
type Build = () => tfl.layers.Layer[];

/** Name, shape of one example, layers. */
const feedForward: readonly [string, number[], Build][] = [
  [
    'dense, layer norm',
    [4],
    () => [layers.dense({ units: 8, activation: 'relu' }), layers.layerNormalization(), layers.dense({ units: 3 })],
  ],
  ['time distributed', [4], () => [layers.reshape({ targetShape: [2, 2] }), layers.timeDistributed({ layer: layers.dense({ units: 3 }) })]],
  ['embedding', [4], () => [layers.embedding({ inputDim: 7, outputDim: 3 }), layers.flatten(), layers.dense({ units: 2 })]],
  [
    'activations',
    [4],
    () =>
      (
        ['elu', 'hardSigmoid', 'linear', 'relu6', 'selu', 'sigmoid', 'softmax', 'softplus', 'softsign', 'tanh', 'swish', 'mish'] as const
      ).map((activation) => layers.activation({ activation })),
  ],
  [
    'activation layers',
    [4],
    () => [layers.leakyReLU(), layers.prelu(), layers.elu(), layers.thresholdedReLU(), layers.reLU(), layers.softmax()],
  ],
  [
    'shapes',
    [16],
    () => [
      layers.reshape({ targetShape: [4, 4] }),
      layers.permute({ dims: [2, 1] }),
      layers.reshape({ targetShape: [4, 4, 1] }),
      layers.zeroPadding2d(),
      layers.cropping2D({ cropping: [[1, 2], [0, 1]] }), // prettier-ignore
      layers.flatten(),
      layers.repeatVector({ n: 2 }),
    ],
  ],
  ['batch norm in evaluation', [4], () => [layers.dense({ units: 3 }), layers.batchNormalization(), layers.dense({ units: 2 })]],
  [
    'noise in evaluation',
    [4],
    () => [
      layers.dropout({ rate: 0.5 }),
      layers.gaussianNoise({ stddev: 1 }),
      layers.gaussianDropout({ rate: 0.5 }),
      layers.alphaDropout({ rate: 0.5 }),
    ],
  ],
];

const convolutional: readonly [string, number[], Build][] = [
  [
    'conv2d and pools',
    [36],
    () => [
      layers.reshape({ targetShape: [6, 6, 1] }),
      layers.conv2d({ filters: 3, kernelSize: 3, padding: 'same', activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 2, kernelSize: 2, strides: 1, useBias: false }),
      layers.averagePooling2d({ poolSize: 2 }),
      layers.flatten(),
    ],
  ],
  [
    'depthwise and global pools',
    [36],
    () => [
      layers.reshape({ targetShape: [6, 6, 1] }),
      layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }),
      layers.globalAveragePooling2d({}),
    ],
  ],
  [
    'separable',
    [36],
    () => [
      layers.reshape({ targetShape: [6, 6, 1] }),
      layers.separableConv2d({ filters: 3, kernelSize: 3 }),
      layers.globalMaxPooling2d({}),
    ],
  ],
  [
    'transposed',
    [16],
    () => [layers.reshape({ targetShape: [4, 4, 1] }), layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2 }), layers.flatten()],
  ],
  [
    'conv1d',
    [16],
    () => [
      layers.reshape({ targetShape: [8, 2] }),
      layers.conv1d({ filters: 3, kernelSize: 3 }),
      layers.maxPooling1d({}),
      layers.globalMaxPooling1d(),
    ],
  ],
  ['up-sampling', [16], () => [layers.reshape({ targetShape: [4, 4, 1] }), layers.upSampling2d({}), layers.flatten()]],
];

const sequence =
  (layer: () => tfl.layers.Layer): Build =>
  () => [layers.reshape({ targetShape: [4, 1] }), layer()];
/** Name, layers, most nodes of the graph of four steps. */
const recurrent: readonly [string, Build, number][] = [
  ['simpleRNN', sequence(() => layers.simpleRNN({ units: 3 })), 60],
  ['gru', sequence(() => layers.gru({ units: 3 })), 160],
  ['lstm', sequence(() => layers.lstm({ units: 3 })), 150],
  ['bidirectional gru', sequence(() => layers.bidirectional({ layer: layers.gru({ units: 3 }), mergeMode: 'concat' })), 320],
];

beforeAll(readyTfjs);

function sequential(shape: number[], parts: readonly tfl.layers.Layer[]): tfl.LayersModel {
  const model = tfl.sequential();
  model.add(layers.inputLayer({ inputShape: shape }));
  for (const part of parts) model.add(part);
  return model;
}

const ROWS = 3;

/** Evaluates the model as a graph and eagerly on the same numbers; returns the nodes of the graph. */
function compare(model: tfl.LayersModel, shape: readonly number[]): number {
  const weights = weightsOf(model);
  const names = new Map(weights.map(({ variable, name }) => [variable, name]));
  const ids = model.layers[1].getClassName() === 'Embedding';
  const x = { shape: [ROWS, ...shape], dtype: ids ? ('int32' as const) : ('float32' as const) };
  const inputs = { x, ...Object.fromEntries(weights.map(({ name, variable }) => [name, { shape: variable.shape as number[] }])) };
  const fn = layersFunction(model, { logits: false });
  const graph = trace(
    (tensors) => ({ y: fn.call(tensors.x, { read: (v) => tensors[names.get(v)!], draw: collectDraws([]), training: false }) }),
    inputs,
  );
  const values = Float32Array.from({ length: ROWS * shape.reduce((a, b) => a * b, 1) }, (_, i) => (ids ? (i * 5) % 7 : Math.sin(i)));
  const known = new Map(weights.map(({ name, variable }) => [name, variable.read().dataSync() as NumericArray]));
  const bound = graph.inputs.map(({ name, id }) => {
    const { dtype, shape } = graph.nodes[id];
    const data = name === 'x' ? (ids ? Int32Array.from(values) : values) : known.get(name)!;
    return [name, { dtype, shape, data }] as const;
  });
  const { y } = evaluate(graph, Object.fromEntries(bound), { precision: 'float64' });
  const eager = model.apply(tf.tensor(values, x.shape, x.dtype)) as tf.Tensor;
  expect(y.shape).toEqual(eager.shape);
  expectClose(y.data, eager.dataSync(), { abs: 1e-5 });
  return graph.nodes.length;
}

describe('layersFunction', () => {
  it.each([...feedForward, ...convolutional])('gives the numbers of eager tfjs: %s', (_, shape, build) => {
    expect(compare(sequential(shape, build()), shape)).toBeGreaterThan(0);
  });

  it.each(recurrent)('unrolls %s over a static sequence', (_, build, mostNodes) => {
    expect(compare(sequential([4], build()), [4])).toBeLessThan(mostNodes);
  });

  it('gives the numbers of a functional model with branches, merges and a shared layer', () => {
    const input = tfl.input({ shape: [4] });
    const shared = layers.dense({ units: 4, activation: 'tanh' });
    const left = shared.apply(input) as tfl.SymbolicTensor;
    const right = shared.apply(left) as tfl.SymbolicTensor;
    const merges = [layers.add(), layers.multiply(), layers.average(), layers.maximum(), layers.minimum(), layers.concatenate()];
    const merged = merges.map((merge) => merge.apply([left, right, input]) as tfl.SymbolicTensor);
    const output = layers.dense({ units: 2 }).apply(layers.concatenate().apply(merged)) as tfl.SymbolicTensor;
    expect(compare(tfl.model({ inputs: input, outputs: output }), [4])).toBeGreaterThan(0);
  });

  it('leaves the model as it was, also after an error', () => {
    const model = sequential([4], [layers.dense({ units: 3 })]);
    const before = model.weights.map((weight) => weight.read().dataSync());
    compare(model, [4]);
    const fn = layersFunction(model, { logits: false });
    const failing = (): never => {
      throw new Error('stop');
    };
    expect(() => fn.call(tf.zeros([2, 4]), { read: failing, draw: collectDraws([]), training: false })).toThrow('stop');
    expect(model.weights.map((weight) => weight.read().dataSync())).toEqual(before);
    for (const weight of model.weights) expect(Object.hasOwn(weight, 'read')).toBe(false);
  });

  it.each([
    [
      'state that is kept between batches',
      () => [layers.reshape({ targetShape: [4, 1] }), layers.gru({ units: 2, stateful: true })],
      /stateful: true/,
    ],
    ['constraints', () => [layers.dense({ units: 2, kernelConstraint: 'nonNeg' })], /expected a weight without a constraint, got NonNeg/],
  ])('refuses %s', (_, build: Build, message) => {
    const model = tfl.sequential();
    model.add(layers.inputLayer({ batchInputShape: [3, 4] }));
    for (const part of build()) model.add(part);
    expect(() => layersFunction(model, { logits: false })).toThrow(message);
  });

  it('refuses several outputs', () => {
    const input = tfl.input({ shape: [4] });
    const outputs = [1, 2].map((units) => layers.dense({ units }).apply(input) as tfl.SymbolicTensor);
    expect(() => layersFunction(tfl.model({ inputs: input, outputs }), { logits: false })).toThrow(
      /expected one input and one output, got 1 and 2/,
    );
  });
});
