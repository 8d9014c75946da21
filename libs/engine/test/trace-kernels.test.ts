/**
 * Every lowered kernel against eager tfjs: the same function runs on the cpu backend, and as a traced graph in the reference
 * interpreter. Cases are data; the last test proves that they reach every lowering.
 */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { expectClose } from '@geodesic/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trace } from '../src/trace/index.ts';
import { lowerings } from '../src/trace/lowering/index.ts';
import { eager, inputSpecs, interpret, type Inputs, type Operand } from './trace-fixtures.ts';
import { contractionCases } from './trace-contractions.ts';
import { coordinateCases } from './trace-coordinates.ts';
import { imageCases } from './trace-images.ts';
import { windows } from './trace-windows.ts';

type Case = readonly [name: string, inputs: Inputs, fn: (x: Record<string, tf.Tensor>) => tf.Tensor | tf.Tensor[]];

const x: Operand = { shape: [2, 3], values: [-2.5, -0.5, 0.25, 0.75, 1.5, 3] };
const positive: Operand = { shape: [2, 3], values: [0.25, 0.5, 1, 1.5, 2.25, 4] };
const unit: Operand = { shape: [2, 3], values: [-0.9, -0.5, -0.1, 0.2, 0.6, 0.95] };
const row: Operand = { shape: [3], values: [0.5, -1, 2] };
const matrix: Operand = { shape: [3, 4], values: [1, -2, 3, 0.5, 0, 1, -1, 2, 4, 0.25, -3, 1] };
const cube: Operand = { shape: [2, 2, 3], values: [1, 2, 3, -4, 5, 6, 7, -8, 9, 10, 11, -12] };
const integers: Operand = { shape: [2, 3], dtype: 'int32', values: [-7, -2, 0, 3, 5, 8] };
const indices: Operand = { shape: [4], dtype: 'int32', values: [2, 0, 1, 2] };
const flags: Operand = { shape: [2, 3], dtype: 'bool', values: [1, 0, 0, 1, 1, 0] };
const others: Operand = { shape: [2, 3], dtype: 'bool', values: [1, 1, 0, 0, 1, 0] };

type Unary = (value: tf.Tensor) => tf.Tensor;
const unary = (operand: Operand, functions: Readonly<Record<string, Unary>>): Case[] =>
  Object.entries(functions).map(([name, fn]) => [name, { x: operand }, (inputs) => fn(inputs.x)]);

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
const binary = (a: Operand, b: Operand, functions: Readonly<Record<string, Binary>>): Case[] =>
  Object.entries(functions).map(([name, fn]) => [name, { a, b }, (inputs) => fn(inputs.a, inputs.b)]);

const { neg, exp, expm1, tanh, sigmoid, softplus, relu, square, abs, sign, sin, cos, tan, erf, floor, ceil, round, sinh, cosh, asinh } = tf;
const { log, log1p, sqrt, rsqrt, reciprocal, acosh, atanh, step, elu, selu, leakyRelu, relu6, clipByValue, logSigmoid } = tf;

const elementwise: Case[] = [
  ...unary(x, { neg, exp, expm1, tanh, sigmoid, softplus, relu, square, abs, sign, sin, cos, tan, erf, floor, ceil, sinh, cosh, asinh }),
  ...unary({ shape: [6], values: [-2.5, -1.5, -0.4, 0.5, 1.5, 2.7] }, { round }),
  ...unary(positive, { log, log1p, sqrt, rsqrt, reciprocal }),
  ...unary(unit, { atanh }),
  ...unary({ shape: [3], values: [1.25, 2, 5] }, { acosh }),
  ...unary(x, {
    elu,
    selu,
    relu6,
    logSigmoid,
    isNaN: (v) => tf.isNaN(v),
    onesLike: (v) => tf.onesLike(v),
    zerosLike: (v) => tf.zerosLike(v),
  }),
  ...unary(x, { step: (v) => step(v), 'step with a slope': (v) => step(v, 0.25), leakyRelu: (v) => leakyRelu(v, 0.1) }),
  ...unary(x, {
    clipByValue: (v) => clipByValue(v, -1, 1),
    clone: (v) => v.clone(),
    prelu: (v) => tf.prelu(v, tf.tensor1d([0.1, 0.2, 0.3])),
  }),
  ...unary(x, { 'cast to int32': (v) => tf.cast(v, 'int32'), 'cast to bool': (v) => tf.cast(v, 'bool') }),
  ...unary(flags, { logicalNot: tf.logicalNot, 'cast of bool': (v) => tf.cast(v, 'float32'), 'bool to int32': (v) => tf.cast(v, 'int32') }),
  ...binary(x, row, { add: tf.add, sub: tf.sub, mul: tf.mul, div: tf.div, maximum: tf.maximum, minimum: tf.minimum }),
  ...binary(x, row, { squaredDifference: tf.squaredDifference, floorDiv: tf.floorDiv, mod: tf.mod }),
  ...binary(positive, row, { pow: tf.pow }),
  ...binary(
    integers,
    { shape: [], dtype: 'int32', values: [3] },
    { 'integer sum': tf.add, 'integer division': tf.div, 'integer mod': tf.mod },
  ),
  ...binary(x, { shape: [2, 1], values: [0.25, 1.5] }, { greater: tf.greater, greaterEqual: tf.greaterEqual, less: tf.less }),
  ...binary(x, { shape: [2, 1], values: [0.25, 1.5] }, { lessEqual: tf.lessEqual, equal: tf.equal, notEqual: tf.notEqual }),
  ...binary(flags, others, { logicalAnd: tf.logicalAnd, logicalOr: tf.logicalOr, logicalXor: tf.logicalXor }),
  ['addN', { a: x, b: positive, c: unit }, ({ a, b, c }) => tf.addN([a, b, c])],
  ['where', { flags, a: x, b: row }, ({ flags: f, a, b }) => tf.where(f, a, b)],
  ['splats', { x }, ({ x: v }) => tf.add(tf.zeros([4, 2, 3]), tf.mul(v, tf.ones([2, 3])))],
  [
    'batchNorm',
    { a: x, mean: row, variance: { shape: [3], values: [1, 2, 4] } },
    ({ a, mean, variance }) =>
      tf.batchNorm(
        tf.reshape<tf.Rank.R4>(a, [1, 1, 2, 3]),
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        tf.tensor1d([1, 2, 3]),
        tf.tensor1d([2, 2, 0.5]),
        0.01,
      ),
  ],
];

const reductions: Case[] = [
  ...unary(cube, {
    'sum of all': (v) => tf.sum(v),
    'sum of an axis': (v) => tf.sum(v, 1),
    'sum keeping axes': (v) => tf.sum(v, [0, -1], true),
  }),
  ...unary(cube, {
    mean: (v) => tf.mean(v, [0, 2]),
    max: (v) => tf.max(v, 1),
    min: (v) => tf.min(v, -1, true),
    logSumExp: (v) => tf.logSumExp(v, 1),
  }),
  ...unary(cube, { argMax: (v) => tf.argMax(v, 1), argMin: (v) => tf.argMin(v, -1), norm: (v) => tf.norm(v, 2, 1) }),
  ...unary(cube, { cumsum: (v) => tf.cumsum(v, 1), 'cumsum, exclusive from the end': (v) => tf.cumsum(v, 2, true, true) }),
  ...unary(flags, { all: (v) => tf.all(v, 1), any: (v) => tf.any(v, 0, true), 'sum of bool': (v) => tf.sum(v, 1) }),
  ...unary(integers, { 'sum of int32': (v) => tf.sum(v), 'mean of int32': (v) => tf.mean(v, 1) }),
  ...unary(x, { softmax: (v) => tf.softmax(v), logSoftmax: (v) => tf.logSoftmax(v), 'sum of ones': (v) => tf.sum(tf.onesLike(v), 1) }),
  ['softmaxCrossEntropy', { x }, ({ x: v }) => tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d([0, 2], 'int32'), 3), v)],
  ['sigmoidCrossEntropy', { x, flags }, ({ x: v, flags: f }) => tf.losses.sigmoidCrossEntropy(tf.cast(f, 'float32'), v)],
  ['huberLoss', { x, unit }, ({ x: v, unit: u }) => tf.losses.huberLoss(u, v)],
];

const products: Case[] = [
  ...binary(
    matrix,
    { shape: [4, 2], values: [1, 2, 3, 4, 5, 6, 7, 8] },
    { matMul: (a, b) => tf.matMul(a, b), dot: (a, b) => tf.dot(a, b) },
  ),
  ...binary(matrix, x, { 'matMul, both transposed': (a, b) => tf.matMul(a, b, true, true) }),
  ...binary(cube, { shape: [1, 3, 2], values: [1, 0, 2, -1, 3, 1] }, { 'matMul of a broadcast batch': (a, b) => tf.matMul(a, b) }),
  ...(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const).map((activation): Case => [
    `fused matMul, ${activation}`,
    { a: matrix, b: x, bias: { shape: [2], values: [0.5, -0.5] } },
    ({ a, b, bias }) => tf.fused.matMul({ a, b, bias, activation, transposeA: true, transposeB: true, leakyreluAlpha: 0.3 }),
  ]),
  [
    'fused matMul, prelu',
    { a: x, b: matrix, p: { shape: [4], values: [0.1, 0.2, 0.3, 0.4] } },
    ({ a, b, p }) => tf.fused.matMul({ a, b, activation: 'prelu', preluActivationWeights: p }),
  ],
];

const shapes: Case[] = [
  ...unary(cube, {
    reshape: (v) => tf.reshape(v, [3, -1]),
    expandDims: (v) => tf.expandDims(v, -1),
    squeeze: (v) => tf.squeeze(tf.expandDims(v, 1)),
  }),
  ...unary(cube, { transpose: (v) => tf.transpose(v, [2, 0, 1]), 'transpose of ones': (v) => tf.transpose(tf.onesLike(v), [2, 0, 1]) }),
  ...unary(cube, {
    slice: (v) => tf.slice(v, [0, 1, 1], [-1, 1, 2]),
    reverse: (v) => tf.reverse(v, [0, 2]),
    tile: (v) => tf.tile(v, [2, 1, 3]),
  }),
  ...unary(matrix, {
    stridedSlice: (v) => tf.stridedSlice(v, [0, 3], [3, 0], [2, -1]),
    pad: (v) =>
      tf.pad(
        v,
        [
          [1, 0],
          [2, 3],
        ],
        7,
      ),
  }),
  ...unary(matrix, { 'stridedSlice with masks': (v) => tf.stridedSlice(v, [1, 0], [2, 3], [1, 1], 0, 2, 0, 0, 1) }),
  ...unary(row, { broadcastTo: (v) => tf.broadcastTo(v, [2, 2, 3]), diag: (v) => tf.diag(v), 'tile of a vector': (v) => tf.tile(v, [3]) }),
  ...unary(matrix, { 'shape of a broadcast': (v) => tf.reshape(tf.broadcastTo(tf.slice(v, [0, 0], [1, 4]), [3, 4]), [2, 6]) }),
  ['concat', { a: x, b: positive }, ({ a, b }) => tf.concat([a, b, a], 1)],
  ['stack', { a: x, b: positive }, ({ a, b }) => tf.stack([a, b], -1)],
  ['unstack', { cube }, ({ cube: v }) => tf.unstack(v, 1)],
  ['split', { matrix }, ({ matrix: v }) => tf.split(v, [1, 2, 1], -1)],
];

const indexing: Case[] = [
  ['gather', { matrix, indices }, ({ matrix: v, indices: i }) => tf.gather(v, i, 1)],
  [
    'gather by a matrix',
    { matrix, integers: { shape: [2, 2], dtype: 'int32', values: [0, 2, 1, 1] } },
    ({ matrix: v, integers: i }) => tf.gather(v, i),
  ],
  [
    'unsortedSegmentSum',
    { rows: { shape: [4, 2], values: [1, 2, 3, 4, 5, 6, 7, 8] }, indices },
    ({ rows, indices: i }) => tf.unsortedSegmentSum(rows, i as tf.Tensor1D, 3),
  ],
  ['oneHot', { indices }, ({ indices: i }) => tf.oneHot(i, 3)],
  ['oneHot of other values', { indices }, ({ indices: i }) => tf.oneHot(i, 4, 5, -1, 'float32')],
  ['range', { x }, ({ x: v }) => tf.add(v, tf.range(0, 3))],
  ['range of integers', { integers }, ({ integers: v }) => tf.add(v, tf.range(5, 2, -1, 'int32'))],
  ['linspace', { x }, ({ x: v }) => tf.mul(v, tf.linspace(-1, 1, 3))],
  ['fill', { x }, ({ x: v }) => tf.add(v, tf.fill(v.shape, 0.3))],
  ['eye', { x }, ({ x: v }) => tf.matMul(v, tf.eye(3))],
  ['bandPart', { matrix }, ({ matrix: v }) => tf.linalg.bandPart(v, 1, 0)],
];

const families = {
  elementwise,
  reductions,
  products,
  shapes,
  indexing,
  windows,
  images: imageCases,
  contractions: contractionCases,
  coordinates: coordinateCases,
};

let backend: string;
beforeAll(() => {
  backend = tf.getBackend();
  return tf.setBackend('cpu');
});
afterAll(() => (backend ? tf.setBackend(backend) : undefined));

describe.each(Object.entries(families))('trace of %s', (_, cases) => {
  it.each(cases)('%s equals eager tfjs', (name, inputs, fn) => {
    const record = (values: Record<string, tf.Tensor>): Record<string, tf.Tensor> =>
      Object.fromEntries([fn(values)].flat().map((tensor, i) => [`y${i}`, tensor]));
    const expected = eager(record, inputs);
    const actual = interpret(trace(record, inputSpecs(inputs)), inputs);
    expect(Object.keys(actual)).toEqual(Object.keys(expected));
    for (const [key, { shape, dtype, data }] of Object.entries(expected)) {
      expect({ name, shape: actual[key].shape, integral: !/float/.test(actual[key].dtype) }).toEqual({
        name,
        shape,
        integral: dtype !== 'float32',
      });
      expectClose(actual[key].data, data, { abs: 2e-5, rel: 2e-5 });
    }
  });
});

describe('lowerings', () => {
  it('are all reached by the cases', async () => {
    const reached = new Set<string>();
    for (const [, inputs, fn] of Object.values(families).flat()) {
      const run = (values: Record<string, tf.Tensor>): Record<string, tf.Tensor> => ({ y: [fn(values)].flat()[0] });
      const { kernelNames } = await tf.profile(() => void eager(run, inputs));
      kernelNames.forEach((kernel) => reached.add(kernel));
    }
    // Kernels without an eager counterpart: ours, and those for which tfjs runs others.
    const own = [
      'Tap',
      'StopGradient',
      'Gelu',
      'SpdInverse',
      'LogDet',
      'Cholesky',
      'TriangularSolve',
      'LogSoftmax',
      'BroadcastTo',
      'LogicalXor',
    ];
    expect(Object.keys(lowerings).filter((kernel) => !reached.has(kernel) && !own.includes(kernel))).toEqual([]);
  });
});
