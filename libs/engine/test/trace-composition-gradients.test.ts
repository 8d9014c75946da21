/**
 * Gradients of lowered compositions: tf.grad inside of a trace against central differences of the traced value.
 */
import * as tf from '@tensorflow/tfjs-core';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { cholesky, trace, triangularSolve } from '../src/trace/index.ts';
import { interpret, type Operand } from './trace-fixtures.ts';
import { spread, whole } from './trace-spread.ts';

type Scalar = (x: tf.Tensor) => tf.Tensor;

/** Weights every entry differently, so that no two can be mixed up. */
const weighted = (y: tf.Tensor): tf.Tensor => {
  const weights = Float32Array.from({ length: y.size }, (_, i) => 0.25 + (i % 7) / 8);
  return tf.sum(tf.mul(y, tf.tensor(weights, y.shape)));
};

const four = (x: tf.Tensor): tf.Tensor4D => x as tf.Tensor4D;

const cases: readonly (readonly [name: string, x: Operand, fn: Scalar])[] = [
  ['prod', spread([2, 5]), (x) => weighted(tf.prod(x, 1))],
  ['prod at a zero', { shape: [4], values: [2, 0, -1, 3] }, (x) => weighted(tf.prod(x))],
  ['cumprod, exclusive and reversed', spread([2, 5]), (x) => weighted(tf.cumprod(x, 1, true, true))],
  ['einsum', spread([2, 3, 4]), (x) => weighted(tf.einsum('bij,bkj->bik', x, tf.square(x)))],
  ['resizeBilinear', spread([1, 3, 4, 2]), (x) => weighted(tf.square(tf.image.resizeBilinear(four(x), [5, 3], false, true)))],
  ['resizeNearestNeighbor', spread([1, 3, 4, 1]), (x) => weighted(tf.square(tf.image.resizeNearestNeighbor(four(x), [5, 6])))],
  [
    'cropAndResize by its boxes',
    { shape: [2, 4], values: [0.1, 0.2, 0.8, 0.9, 0.3, 0.1, 0.6, 0.7] },
    (x) =>
      weighted(
        tf.image.cropAndResize(
          tf.tensor4d([...spread([1, 5, 5, 1]).values], [1, 5, 5, 1]),
          x as tf.Tensor2D,
          tf.tensor1d([0, 0], 'int32'),
          [3, 2],
        ),
      ),
  ],
  ['the power spectrum', spread([2, 7]), (x) => weighted(tf.square(tf.abs(tf.spectral.rfft(x))))],
  [
    'irfft of a filtered rfft',
    spread([2, 8]),
    (x) => weighted(tf.square(tf.spectral.irfft(tf.mul(tf.spectral.rfft(x), tf.spectral.rfft(x))))),
  ],
  [
    'mirrorPad',
    spread([3, 4]),
    (x) =>
      weighted(
        tf.square(
          tf.mirrorPad(
            x,
            [
              [1, 2],
              [0, 3],
            ],
            'reflect',
          ),
        ),
      ),
  ],
  ['localResponseNormalization', spread([1, 2, 2, 5]), (x) => weighted(tf.localResponseNormalization(four(x), 1, 1, 0.5, 0.75))],
  ['topk', spread([3, 5]), (x) => weighted(tf.square(tf.topk(x, 2).values))],
  ['gatherND', spread([3, 4]), (x) => weighted(tf.square(tf.gatherND(x, tf.tensor2d([1, 2, 0, 0, 1, 2], [3, 2], 'int32'))))],
  ['scatterND', spread([3, 2]), (x) => weighted(tf.square(tf.scatterND(tf.tensor2d([1, 0, 1], [3, 1], 'int32'), x, [4, 2])))],
  ['a backward stridedSlice', spread([5, 4]), (x) => weighted(tf.square(tf.stridedSlice(x, [4, 3], [0, -5], [-2, -1])))],
  ['gather of a batch', spread([2, 3, 4]), (x) => weighted(tf.square(tf.gather(x, tf.tensor2d([0, 2, 1, 1], [2, 2], 'int32'), 2, 1)))],
  [
    'cholesky and triangularSolve',
    { shape: [3, 3], values: [3, 0.4, -0.2, 0.1, 2, 0.5, 0.3, -0.1, 1.5] },
    (x) => {
      const l = cholesky(x);
      return weighted(triangularSolve(l, triangularSolve(l, tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2])), { transpose: true }));
    },
  ],
];

const H = 1e-5;

describe('tf.grad of a lowered composition', () => {
  it.each(cases)('equals central differences: %s', (_, x, fn) => {
    const graph = trace(({ x: value }) => ({ y: fn(value), g: tf.grad(fn)(value) }), { x: { shape: x.shape } });
    const { g } = interpret(graph, { x });
    const at = (i: number, step: number): number =>
      interpret(graph, { x: { ...x, values: x.values.map((value, e) => (e === i ? value + step : value)) } }).y.data[0];
    const differences = x.values.map((_value, i) => (at(i, H) - at(i, -H)) / (2 * H));
    expectClose(g.data, differences, { abs: 1e-6, rel: 1e-6 });
  });
});

describe('writing over values', () => {
  it('passes the gradient of what stays and of what is written', () => {
    const at = whole([2, 1], [1, 3]);
    const graph = trace(
      ({ x, u }) => {
        const f = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
          weighted(tf.tensorScatterUpdate(a, tf.tensor2d([...at.values], [2, 1], 'int32'), b));
        const [toX, toU] = tf.grads(f)([x, u]);
        return { toX, toU };
      },
      { x: { shape: [4] }, u: { shape: [2] } },
    );
    const { toX, toU } = interpret(graph, { x: spread([4]), u: spread([2]) });
    expect(Array.from(toX.data)).toEqual([0.25, 0, 0.5, 0]);
    expect(Array.from(toU.data)).toEqual([0.375, 0.625]);
  });
});
