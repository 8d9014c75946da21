/**
 * Third derivatives of small networks, as a user writes them: nested tf.grad in a traced function. With f the loss of
 * parameters p, and u, v fixed directions, every order is compared with central differences of the order before, in float64:
 *   grad f,   grad <grad f, u>,   grad <grad <grad f, u>, v>.
 */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { expectClose } from '@geodesic/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../src/graph-builder.ts';
import type { Graph } from '../src/graph.ts';
import { hessianVector } from '../src/products.ts';
import { trace } from '../src/trace/index.ts';
import { interpret } from './trace-fixtures.ts';

beforeAll(() => tf.setBackend('cpu'));

type Loss = (parameters: tf.Tensor1D) => tf.Scalar;

/** Irregular numbers in (-0.9, 0.9) that float32 holds exactly, as the constants of a traced function are. */
const wave = (n: number, phase: number): number[] => Array.from({ length: n }, (_, i) => Math.fround(0.9 * Math.sin(1.7 * i * i + phase)));

/** Cuts a vector into tensors of some shapes. */
function cut(parameters: tf.Tensor1D, shapes: readonly (readonly number[])[]): tf.Tensor[] {
  let begin = 0;
  return shapes.map((shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    begin += size;
    return tf.reshape(tf.slice(parameters, [begin - size], [size]), [...shape]);
  });
}

const squares = (x: tf.Tensor): tf.Scalar => tf.sum(tf.square(x));

/** Loss of a two-layer perceptron with a hidden activation; 20 parameters. */
const perceptron =
  (activation: (x: tf.Tensor) => tf.Tensor): Loss =>
  (parameters) => {
    const [w1, w2] = cut(parameters, [
      [3, 4],
      [4, 2],
    ]);
    const hidden = activation(tf.matMul(tf.tensor2d(wave(9, 0.4), [3, 3]), w1));
    return squares(tf.sub(tf.matMul(hidden, w2), tf.tensor2d(wave(6, 1), [3, 2])));
  };

/** Loss of a convolution, an activation and a pool of a 6 x 6 image; 20 parameters. */
const convolution =
  (pool: (x: tf.Tensor4D) => tf.Tensor): Loss =>
  (parameters) => {
    const [filter, bias] = cut(parameters, [[3, 3, 1, 2], [2]]);
    const image = tf.tensor4d(wave(36, 0.7), [1, 6, 6, 1]);
    return squares(pool(tf.tanh(tf.add(tf.conv2d(image, filter as tf.Tensor4D, 1, 'same'), bias))));
  };

/** Loss of one head of softmax attention over five tokens; 24 parameters. */
const attention =
  (mask: (scores: tf.Tensor) => tf.Tensor): Loss =>
  (parameters) => {
    const weights = cut(parameters, [
      [4, 2],
      [4, 2],
      [4, 2],
    ]);
    const tokens = tf.tensor2d(wave(20, 0.2), [5, 4]);
    const [queries, keys, values] = weights.map((weight) => tf.matMul(tokens, weight));
    const scores = tf.mul(tf.matMul(queries, keys, false, true), Math.SQRT1_2);
    return squares(tf.matMul(tf.softmax(mask(scores)), values));
  };

const geluByErf = (x: tf.Tensor): tf.Tensor => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
const geluByTanh = (x: tf.Tensor): tf.Tensor =>
  tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(tf.mul(tf.add(x, tf.mul(tf.pow(x, 3), 0.044715)), Math.sqrt(2 / Math.PI))), 1));
const causal = (scores: tf.Tensor): tf.Tensor => tf.where(tf.cast(tf.linalg.bandPart(tf.ones([5, 5]), -1, 0), 'bool'), scores, -1e9);

const networks: readonly (readonly [name: string, parameters: number, loss: Loss])[] = [
  ['tanh', 20, perceptron(tf.tanh)],
  ['softplus', 20, perceptron(tf.softplus)],
  ['gelu by erf', 20, perceptron(geluByErf)],
  ['gelu by tanh', 20, perceptron(geluByTanh)],
  ['swish', 20, perceptron((x) => tf.mul(x, tf.sigmoid(x)))],
  ['elu', 20, perceptron((x) => tf.elu(x))],
  ['selu and leakyRelu', 20, perceptron((x) => tf.leakyRelu(tf.selu(x), 0.1))],
  ['relu of a cube', 20, perceptron((x) => tf.relu(tf.pow(x, 3)))],
  ['clip of a square', 20, perceptron((x) => tf.clipByValue(tf.square(x), 0.05, 0.4))],
  ['max over hidden units', 20, perceptron((x) => tf.mul(tf.exp(tf.max(x, 1, true)), tf.sin(x)))],
  ['maximum and minimum', 20, perceptron((x) => tf.maximum(tf.sin(x), tf.minimum(tf.exp(x), tf.square(x))))],
  ['log-softmax', 20, perceptron((x) => tf.logSoftmax(tf.square(x)))],
  ['layer norm', 20, perceptron((x) => tf.div(tf.sub(x, tf.mean(x, 1, true)), tf.sqrt(tf.add(tf.moments(x, 1, true).variance, 0.1))))],
  ['max pool', 20, convolution((x) => tf.maxPool(x, 2, 2, 'valid'))],
  ['average pool', 20, convolution((x) => tf.avgPool(x, 3, 2, 'same'))],
  ['softmax attention', 24, attention((scores) => scores)],
  ['causal softmax attention', 24, attention(causal)],
];

/** <grad f, direction>, a scalar again. */
const along =
  (f: Loss, direction: readonly number[]): Loss =>
  (parameters) =>
    tf.sum(tf.mul(tf.grad(f as (x: tf.Tensor) => tf.Tensor)(parameters), tf.tensor1d([...direction])));

const at = (graph: Graph, values: readonly number[]): number[] =>
  Array.from(interpret(graph, { parameters: { shape: [values.length], values } }).y.data);

describe('derivatives of a traced network by nested tf.grad', () => {
  it.each(networks)('equal central differences to third order: %s', (_, size, loss) => {
    const point = wave(size, 0.3);
    const orders = [loss, along(loss, wave(size, 2)), along(along(loss, wave(size, 2)), wave(size, 3))];
    for (const f of orders) {
      const value = trace(({ parameters }) => ({ y: f(parameters as tf.Tensor1D) }), { parameters: { shape: [size] } });
      const gradient = trace(({ parameters }) => ({ y: tf.grad(f as (x: tf.Tensor) => tf.Tensor)(parameters) }), {
        parameters: { shape: [size] },
      });
      // Truncation h^2 f''' / 6 with derivatives up to some 1e3 here: 1e-8; rounding 1e-16 / h: 1e-11.
      const h = 1e-5;
      const difference = point.map(
        (_, i) => (at(value, point.with(i, point[i] + h))[0] - at(value, point.with(i, point[i] - h))[0]) / (2 * h),
      );
      const got = at(gradient, point);
      const scale = difference.reduce((top, entry) => Math.max(top, Math.abs(entry)), 1);
      expectClose(got, difference, { abs: 1e-7 * scale });
      expect(scale).toBeLessThan(1e6);
    }
  });

  it.each(networks)('equal forward over reverse on the graph: %s', (_, size, loss) => {
    const [point, direction] = [wave(size, 0.3), wave(size, 2)];
    const graph = trace(({ parameters }) => ({ y: loss(parameters as tf.Tensor1D) }), { parameters: { shape: [size] } });
    const builder = GraphBuilder.from(graph);
    const vectors = [builder.input('direction', [size], 'float32')];
    const [product] = hessianVector(builder, { scalar: graph.outputs[0].id, wrt: [graph.inputs[0].id], vectors });
    builder.output('y', product);
    const nested = trace(({ parameters }) => ({ y: tf.grad(along(loss, direction) as (x: tf.Tensor) => tf.Tensor)(parameters) }), {
      parameters: { shape: [size] },
    });
    const inputs = { parameters: { shape: [size], values: point }, direction: { shape: [size], values: direction } };
    const expected = at(nested, point);
    const scale = expected.reduce((top, entry) => Math.max(top, Math.abs(entry)), 1);
    expectClose(interpret(builder.build(), inputs).y.data, expected, { abs: 1e-12 * scale });
  });
});
