/**
 * Functions of tfjs that slide windows over images, for comparison with eager tfjs: convolutions, their fused and depthwise
 * kin, pools, and the gradient ops that may stand in a traced program.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Inputs, Operand } from './trace-fixtures.ts';

type Case = readonly [name: string, inputs: Inputs, fn: (x: Record<string, tf.Tensor>) => tf.Tensor | tf.Tensor[]];

/** Numbers without pattern or ties: multiples of the golden ratio, modulo 4. */
function spread(shape: readonly number[], offset = 0): Operand {
  const size = shape.reduce((product, n) => product * n, 1);
  return { shape, values: Array.from({ length: size }, (_, i) => (((i + offset) * 2.47213595) % 4) - 2) };
}

const images = spread([2, 6, 5, 4]);
const firstImages = spread([2, 4, 6, 5]);
const filter = spread([3, 2, 4, 3], 100);
const kernels = spread([3, 2, 4, 2], 200);
const bias = spread([3], 300);
const vector = spread([8], 400);

type Images = tf.Tensor4D;
const four = (x: tf.Tensor): Images => x as Images;

const conv = (name: string, fn: (x: Images, w: Images) => tf.Tensor): Case => [
  `conv2d, ${name}`,
  { images, filter },
  (inputs) => fn(four(inputs.images), four(inputs.filter)),
];
const depthwise = (name: string, fn: (x: Images, w: Images) => tf.Tensor): Case => [
  `depthwiseConv2d, ${name}`,
  { images, kernels },
  (inputs) => fn(four(inputs.images), four(inputs.kernels)),
];
const pool = (name: string, fn: (x: Images) => tf.Tensor): Case => [name, { images }, (inputs) => fn(four(inputs.images))];

const explicit: [[number, number], [number, number], [number, number], [number, number]] = [
  [0, 0],
  [2, 1],
  [0, 1],
  [0, 0],
];

const convolutions: Case[] = [
  conv('same', (x, w) => tf.conv2d(x, w, 1, 'same')),
  conv('valid, strided', (x, w) => tf.conv2d(x, w, [2, 1], 'valid')),
  conv('same, strided', (x, w) => tf.conv2d(x, w, 2, 'same')),
  conv('a number of pads, rounded up', (x, w) => tf.conv2d(x, w, 2, 1, 'NHWC', 1, 'ceil')),
  conv('explicit pads', (x, w) => tf.conv2d(x, w, 2, explicit)),
  conv('dilated', (x, w) => tf.conv2d(x, w, 1, 'same', 'NHWC', 2)),
  [
    'conv2d, channels first',
    { firstImages, filter },
    ({ firstImages: x, filter: w }) => tf.conv2d(four(x), four(w), [2, 1], 'same', 'NCHW'),
  ],
  ['conv1d', { x: spread([2, 7, 3]), w: spread([3, 3, 2]) }, ({ x, w }) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 2, 'same')],
  [
    'conv2dTranspose',
    { x: spread([2, 3, 3, 2]), w: spread([3, 3, 4, 2]) },
    ({ x, w }) => tf.conv2dTranspose(four(x), four(w), [2, 6, 5, 4], 2, 'same'),
  ],
  depthwise('same', (x, w) => tf.depthwiseConv2d(x, w, 1, 'same')),
  depthwise('valid, strided', (x, w) => tf.depthwiseConv2d(x, w, 2, 'valid')),
  depthwise('dilated', (x, w) => tf.depthwiseConv2d(x, w, 1, 'valid', 'NHWC', 2)),
  [
    'separableConv2d',
    { images, kernels, point: spread([1, 1, 8, 3]) },
    ({ images: x, kernels: w, point }) => tf.separableConv2d(four(x), four(w), point as tf.Tensor4D, 1, 'same'),
  ],
];

const fused: Case[] = [
  ...(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const).map((activation): Case => [
    `fused conv2d, ${activation}`,
    { images, filter, bias },
    ({ images: x, filter: w, bias: b }) =>
      tf.fused.conv2d({ x: four(x), filter: four(w), strides: 1, pad: 'same', bias: b, activation, leakyreluAlpha: 0.3 }),
  ]),
  [
    'fused conv2d, prelu',
    { images, filter, slope: spread([3], 500) },
    ({ images: x, filter: w, slope }) =>
      tf.fused.conv2d({ x: four(x), filter: four(w), strides: 2, pad: 'valid', activation: 'prelu', preluActivationWeights: slope }),
  ],
  ...(['linear', 'relu', 'relu6', 'elu'] as const).map((activation): Case => [
    `fused depthwiseConv2d, ${activation}`,
    { images, kernels, vector },
    ({ images: x, kernels: w, vector: b }) =>
      tf.fused.depthwiseConv2d({ x: four(x), filter: four(w), strides: 1, pad: 'same', bias: b, activation }),
  ]),
];

const pools: Case[] = [
  pool('maxPool, by two', (x) => tf.maxPool(x, 2, 2, 'valid')),
  pool('maxPool, overlapping, same', (x) => tf.maxPool(x, 3, 2, 'same')),
  pool('maxPool, a number of pads', (x) => tf.maxPool(x, 3, 2, 1)),
  pool('avgPool, by two', (x) => tf.avgPool(x, 2, 2, 'valid')),
  pool('avgPool, overlapping, same', (x) => tf.avgPool(x, [3, 2], 2, 'same')),
];

/** The gradient kernels of tfjs, as they may stand in a traced program. */
const gradients: Case[] = [
  [
    'Conv2DBackpropFilter',
    { images, dy: spread([2, 3, 3, 3]) },
    ({ images: x, dy }) =>
      run('Conv2DBackpropFilter', { x, dy }, { strides: 2, pad: 'same', dataFormat: 'NHWC', filterShape: [3, 2, 4, 3] }),
  ],
  [
    'DepthwiseConv2dNativeBackpropInput',
    { kernels, dy: spread([2, 3, 3, 8]) },
    ({ kernels: filter, dy }) =>
      run('DepthwiseConv2dNativeBackpropInput', { filter, dy }, { strides: 2, pad: 'same', dilations: 1, inputShape: [2, 6, 5, 4] }),
  ],
  [
    'DepthwiseConv2dNativeBackpropFilter',
    { images, dy: spread([2, 3, 3, 8]) },
    ({ images: x, dy }) =>
      run('DepthwiseConv2dNativeBackpropFilter', { x, dy }, { strides: 2, pad: 'same', dilations: 1, filterShape: [3, 2, 4, 2] }),
  ],
  [
    'MaxPoolGrad',
    { images, dy: spread([2, 3, 3, 4]) },
    ({ images: input, dy }) =>
      run('MaxPoolGrad', { dy, input, output: tf.maxPool(four(input), 3, 2, 'same') }, { filterSize: 3, strides: 2, pad: 'same' }),
  ],
  [
    // Without padding: with it, the gradient of tfjs divides by all taps, its value by those in the image.
    'AvgPoolGrad',
    { images, dy: spread([2, 2, 2, 4]) },
    ({ images: input, dy }) => run('AvgPoolGrad', { dy, input }, { filterSize: 3, strides: 2, pad: 'valid' }),
  ],
];

function run(kernel: string, inputs: Record<string, tf.Tensor>, attributes: object): tf.Tensor {
  return tf.engine().runKernel(kernel, inputs, attributes as tf.NamedAttrMap);
}

/** All of them. */
export const windows: Case[] = [...convolutions, ...fused, ...pools, ...gradients];
