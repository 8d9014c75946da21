import '@tensorflow/tfjs-backend-cpu';
import { checkRowIndependence, findTaps } from '@geodesic/engine';
import { sizeOf, type Shape, type TensorData } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { avgPool2d, conv1d, conv2d, depthwiseConv2d, globalAveragePool, maxPool2d, type Layer, type ShapedLayer } from '../src/index.ts';
import { expectDerivatives, inputsOf, normal, runLayer, traceLayer } from './run-layer.ts';

type Eager = (x: tf.Tensor4D, weight: tf.Tensor4D, bias: tf.Tensor) => tf.Tensor;

interface ImageCase {
  readonly title: string;
  readonly layer: ShapedLayer | Layer;
  readonly inputShape: Shape;
  /** The same value by eager tfjs ops. */
  readonly eager: Eager;
}

const image: Shape = [5, 6, 2];

const cases: readonly ImageCase[] = [
  {
    title: 'conv2d, valid',
    layer: conv2d({ name: 'c', inputShape: image, filters: 3, kernel: [3, 2] }),
    inputShape: image,
    eager: (x, w, b) => tf.add(tf.conv2d(x, w, 1, 'valid'), b),
  },
  {
    title: 'conv2d, same, strided',
    layer: conv2d({ name: 'c', inputShape: image, filters: 3, kernel: [3, 3], strides: [2, 2], padding: 'same' }),
    inputShape: image,
    eager: (x, w, b) => tf.add(tf.conv2d(x, w, 2, 'same'), b),
  },
  {
    title: 'conv2d, dilated',
    layer: conv2d({ name: 'c', inputShape: image, filters: 2, kernel: [2, 2], dilations: [2, 3], padding: 'same' }),
    inputShape: image,
    eager: (x, w, b) => tf.add(tf.conv2d(x, w, 1, 'same', 'NHWC', [2, 3]), b),
  },
  {
    title: 'depthwiseConv2d',
    layer: depthwiseConv2d({ name: 'c', inputShape: image, multiplier: 2, kernel: [3, 3], padding: 'same' }),
    inputShape: image,
    eager: (x, w, b) => tf.add(tf.depthwiseConv2d(x, w, 1, 'same'), b),
  },
  {
    title: 'conv1d, same',
    layer: conv1d({ name: 'c', inputShape: [7, 2], filters: 3, kernel: 3, padding: 'same' }),
    inputShape: [7, 2],
    eager: (x, w, b) => tf.add(tf.conv1d(x as unknown as tf.Tensor3D, tf.squeeze<tf.Tensor3D>(w, [0]), 1, 'same'), b),
  },
  {
    title: 'maxPool2d, overlapping',
    layer: maxPool2d({ inputShape: image, kernel: [3, 2], strides: [2, 1], padding: 'same' }),
    inputShape: image,
    eager: (x) => tf.maxPool(x, [3, 2], [2, 1], 'same'),
  },
  {
    title: 'avgPool2d',
    layer: avgPool2d({ inputShape: image, kernel: [2, 2], padding: 'same' }),
    inputShape: image,
    eager: (x) => tf.avgPool(x, 2, 2, 'same'),
  },
  { title: 'globalAveragePool', layer: globalAveragePool(), inputShape: image, eager: (x) => tf.mean(x, [1, 2]) },
];

const rows = 3;
let before: string;

beforeAll(async () => {
  before = tf.getBackend();
  await tf.setBackend('cpu');
});
afterAll(async () => {
  if (before) await tf.setBackend(before);
});

function eagerTensor({ shape, data }: TensorData): tf.Tensor {
  return tf.tensor(Array.from(data), [...shape], 'float32');
}

describe.each(cases)('$title', ({ layer, inputShape, eager }) => {
  const run = { layer, x: normal('x', [rows, ...inputShape]) };

  it('equals the eager ops of tfjs, and has the shape that it says', () => {
    const inputs = inputsOf(run);
    const { y } = runLayer(run);
    const [weight, bias] = ['c.weight', 'c.bias'].map((name) => (name in inputs ? eagerTensor(inputs[name]) : tf.scalar(0)));
    const expected = eager(eagerTensor(run.x) as tf.Tensor4D, weight as tf.Tensor4D, bias);
    expect(y.shape).toEqual(expected.shape);
    expectClose(y.data, expected.dataSync(), { abs: 2e-5, rel: 1e-5 });
    expect(y.shape.slice(1)).toEqual('outputShape' in layer ? layer.outputShape : expected.shape.slice(1));
  });

  it('has the first and second derivatives of central differences', () => {
    expectDerivatives(run);
  });

  it('treats every example alone', () => {
    const graph = traceLayer(run);
    const { weight: _, ...inputs } = inputsOf(run);
    expect(() => checkRowIndependence(graph, { rowInputs: ['x'], rowOutputs: ['y'], inputs })).not.toThrow();
  });

  it('says how many positions share its weight, and taps all of them', () => {
    const graph = traceLayer(run);
    const outputs = findTaps(graph).filter(({ role }) => role === 'output');
    expect(outputs).toHaveLength(layer.entries.length);
    for (const { positions, outputs: channels, inputs, weight } of layer.entries) {
      expect(sizeOf(graph.nodes[outputs[0].id].shape)).toBe(rows * positions * channels);
      expect(sizeOf(layer.parameters.find(({ name }) => name === weight)!.shape)).toBe(inputs * channels);
    }
  });
});

describe('conv1d', () => {
  it('sees no later input when causal', () => {
    const layer = conv1d({ name: 'c', inputShape: [7, 2], filters: 3, kernel: 3, dilation: 2, padding: 'causal' });
    const x = normal('x', [1, 7, 2]);
    const y = runLayer({ layer, x }).y;
    expect(y.shape).toEqual([1, 7, 3]);
    for (let t = 1; t < 7; t++) {
      const later = { ...x, data: x.data.map((value, i) => (Math.floor(i / 2) < t ? value : value + 1)) as Float64Array };
      expect(Array.from(runLayer({ layer, x: later }).y.data.slice(0, 3 * t))).toEqual(Array.from(y.data.slice(0, 3 * t)));
    }
  });
});

describe('conv2d', () => {
  it('refuses a window that does not fit, naming the layer', () => {
    const options = { name: 'c7', inputShape: [4, 4, 1], filters: 2, kernel: [5, 5] } as const;
    expect(() => conv2d(options)).toThrow('c7: expected an image of at least the window 5 x 5, got [4, 4, 1]');
    expect(() => conv2d({ ...options, inputShape: [4, 4] })).toThrow('c7: expected an input shape [H, W, C], got [4, 4]');
  });
});
