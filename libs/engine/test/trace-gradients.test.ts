/**
 * Derivatives of traced programs: the graph's VJP against finite differences, tf.grad inside a traced function against the
 * graph's VJP and closed forms.
 */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { expectClose } from '@geodesic/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../src/graph-builder.ts';
import type { Graph } from '../src/graph.ts';
import { logDet, spdInverse, stopGradient, tap, trace, type TracedFunction } from '../src/trace/index.ts';
import { vjp } from '../src/vjp.ts';
import { inputSpecs, interpret, type Inputs } from './trace-fixtures.ts';

beforeAll(() => tf.setBackend('cpu'));

/** Adds the gradient of a scalar output with respect to the named inputs, as outputs `d:<name>`. */
function withGradients(graph: Graph, output: string, names: readonly string[]): Graph {
  const builder = GraphBuilder.from(graph);
  const id = (list: Graph['inputs'], name: string): number => list.find((entry) => entry.name === name)!.id;
  const wrt = names.map((name) => id(graph.inputs, name));
  const cotangents = vjp(builder, [{ id: id(graph.outputs, output), cotangent: builder.constant(1) }], wrt);
  names.forEach((name, i) => builder.output(`d:${name}`, cotangents[i]));
  return builder.build();
}

/** Central differences of a scalar output in float64. */
function differences(graph: Graph, output: string, inputs: Inputs, name: string, h = 1e-5): number[] {
  const at = (i: number, step: number): number => {
    const values = inputs[name].values.map((value, k) => (k === i ? value + step : value));
    return interpret(graph, { ...inputs, [name]: { ...inputs[name], values } })[output].data[0];
  };
  return inputs[name].values.map((_, i) => (at(i, h) - at(i, -h)) / (2 * h));
}

const wave = (n: number, phase: number): number[] => Array.from({ length: n }, (_, i) => 0.6 * Math.sin(1.7 * i + phase));

const net: Inputs = {
  x: { shape: [4, 3], values: wave(12, 0.3) },
  labels: { shape: [4], dtype: 'int32', values: [0, 1, 1, 0] },
  w1: { shape: [3, 5], values: wave(15, 1) },
  b1: { shape: [5], values: wave(5, 2) },
  w2: { shape: [5, 2], values: wave(10, 3) },
  spread: { shape: [2, 2], values: [2, 0.3, 0.3, 1] },
};

const loss: TracedFunction = ({ x, labels, w1, b1, w2, spread }) => {
  const hidden = tap(tf.fused.matMul({ a: x, b: w1, bias: b1, activation: 'elu' }), { layer: 'stem', role: 'output' });
  const logits = tf.matMul(hidden, w2);
  const entropy = tf.losses.softmaxCrossEntropy(tf.oneHot(labels, 2), logits);
  const whitened = tf.sum(tf.mul(tf.matMul(logits, spdInverse(spread)), logits));
  const parts = [entropy, tf.mul(whitened, 0.1), logDet(spread), tf.mean(tf.gather(tf.softmax(logits), [1, 3])), tf.logSumExp(hidden)];
  return { loss: tf.addN(parts.map((part) => tf.reshape(part, []))) };
};

describe('vjp of a traced net', () => {
  it('equals central differences', () => {
    const names = ['x', 'w1', 'b1', 'w2', 'spread'];
    const graph = trace(loss, inputSpecs(net));
    const gradients = interpret(withGradients(graph, 'loss', names), net);
    for (const name of names) expectClose(gradients[`d:${name}`].data, differences(graph, 'loss', net, name), { abs: 1e-8, rel: 1e-7 });
  });

  it('equals tf.grads inside the traced function', () => {
    const names = ['x', 'w1', 'b1', 'w2', 'spread'];
    const gradients = interpret(withGradients(trace(loss, inputSpecs(net)), 'loss', names), net);
    const taped: TracedFunction = (inputs) => {
      const f = (...values: tf.Tensor[]): tf.Tensor =>
        loss({ ...inputs, ...Object.fromEntries(values.map((value, i) => [names[i], value])) }).loss;
      const all = tf.grads(f)(names.map((name) => inputs[name]));
      return Object.fromEntries(names.map((name, i) => [name, all[i]]));
    };
    const tape = interpret(trace(taped, inputSpecs(net)), net);
    for (const name of names) expectClose(tape[name].data, gradients[`d:${name}`].data, { abs: 1e-12, rel: 1e-10 });
  });

  it('is zero through stopGradient, and that of the surrogate in a straight-through estimator', () => {
    const graph = trace(
      ({ x }) => {
        const surrogate = tf.mul(x, 3);
        return { y: tf.sum(tf.add(stopGradient(tf.sub(tf.sign(x), surrogate)), surrogate)) };
      },
      { x: { shape: [2] } },
    );
    const at = { x: { shape: [2], values: [-0.5, 2] } };
    expect(interpret(withGradients(graph, 'y', ['x']), at)['d:x'].data).toEqual(Float64Array.of(3, 3));
    expect(interpret(graph, at).y.data[0]).toBeCloseTo(0, 12);
  });
});

describe('second derivatives by tf.grad', () => {
  const unaryCases: readonly (readonly [name: string, f: (x: tf.Tensor) => tf.Tensor])[] = [
    ['tanh^2', (x) => tf.square(tf.tanh(x))],
    ['sigmoid', (x) => tf.sigmoid(x)],
    ['exp of sqrt', (x) => tf.exp(tf.sqrt(x))],
    ['softmax', (x) => tf.square(tf.slice(tf.softmax(tf.stack([x, tf.square(x)])), 0, 1))],
    ['logSoftmax', (x) => tf.slice(tf.logSoftmax(tf.stack([x, tf.square(x)])), 0, 1)],
    ['softmaxCrossEntropy', (x) => tf.losses.softmaxCrossEntropy([[0.25, 0.75]], tf.reshape(tf.stack([x, tf.square(x)]), [1, 2]))],
    ['logSigmoid', (x) => tf.logSigmoid(tf.square(x))],
    ['max', (x) => tf.max(tf.stack([tf.square(x), tf.pow(x, 3)]))],
    ['clip and leakyRelu', (x) => tf.leakyRelu(tf.clipByValue(tf.pow(x, 3), -1, 1), 0.1)],
    ['reciprocal and matMul', (x) => tf.matMul(tf.reshape(tf.reciprocal(x), [1, 1]), tf.reshape(tf.exp(x), [1, 1]))],
    [
      'fused matMul',
      (x) => tf.fused.matMul({ a: tf.reshape(tf.exp(x), [1, 1]), b: tf.reshape(tf.tanh(x), [1, 1]), bias: tf.reshape(x, [1]) }),
    ],
    ['spdInverse', (x) => spdInverse(tf.reshape(tf.exp(x), [1, 1]))],
    [
      'logDet',
      (x) =>
        logDet(
          tf.add(
            tf.eye(2),
            tf.mul(
              tf.square(x),
              tf.tensor2d([
                [1, 0.5],
                [0.5, 1],
              ]),
            ),
          ),
        ),
    ],
  ];

  it.each(unaryCases)('of %s equal those of the graph', (_, f) => {
    const scalar = (value: tf.Tensor): tf.Scalar => tf.sum(f(value)) as tf.Scalar;
    const at = { x: { shape: [], values: [0.7] } };
    const first = withGradients(
      trace(({ x }) => ({ y: scalar(x) }), inputSpecs(at)),
      'y',
      ['x'],
    );
    const expected = interpret(withGradients(renameOutput(first, 'd:x', 'slope'), 'slope', ['x']), at)['d:x'].data;
    const second = trace(({ x }) => ({ y: tf.grad((value) => tf.grad(scalar)(value))(x) }), inputSpecs(at));
    expectClose(interpret(second, at).y.data, expected, { abs: 1e-12, rel: 1e-12 });
  });

  it('are right where the tape as published is wrong', () => {
    const twice = tf.grad(tf.grad((value: tf.Tensor) => tf.square(tf.tanh(value))));
    const { y } = interpret(
      trace(({ x }) => ({ y: twice(x) }), { x: { shape: [] } }),
      { x: { shape: [], values: [0.7] } },
    );
    // 2 (1 - t^2)(1 - 3 t^2) with t = tanh(0.7); the tape of tfjs 4.22 gives 0.8058 (tensorflow/tfjs#3252).
    const t = Math.tanh(0.7);
    expectClose(y.data[0], 2 * (1 - t * t) * (1 - 3 * t * t), { abs: 1e-15 });
    expectClose(y.data[0], -0.1216, { abs: 5e-5 });
  });

  it('are taken with respect to a tensor, even where others share its value', () => {
    const at = { x: { shape: [], values: [0.7] } };
    const graph = trace(({ x }) => {
      const [a, b, kept] = [tf.exp(x), tf.exp(x), { last: x }];
      const slope = tf.grad((value) => (kept.last = tf.keep(tf.mul(tf.square(value), b))))(a);
      const twice = tf.grads((p, q) => tf.mul(p, q))([x, x]);
      return { slope, kept: kept.last, ones: tf.grad((one) => tf.mul(one, tf.scalar(1)))(tf.scalar(1)), first: twice[0], second: twice[1] };
    }, inputSpecs(at));
    const e = Math.exp(0.7);
    const { slope, kept, ones, first, second } = interpret(graph, at);
    expectClose(
      [slope, kept, ones, first, second].map(({ data }) => data[0]),
      [2 * e * e, e ** 3, 1, 1.4, 1.4],
      { rel: 1e-12 },
    );
    expect(graph.nodes.filter(({ kernel }) => kernel === 'Tap')).toEqual([]);
  });

  it('are taken with respect to a captured tensor, not to others that share its data', () => {
    const weight = tf.tensor1d([1, 2]);
    const column = tf.reshape(weight, [2, 1]);
    const graph = trace(({ x }) => ({ y: tf.grad((w: tf.Tensor) => tf.mul(tf.sum(tf.square(w)), tf.sum(tf.mul(column, x))))(weight) }), {
      x: { shape: [] },
    });
    expect(Array.from(interpret(graph, { x: { shape: [], values: [1] } }).y.data)).toEqual([6, 12]);
    tf.dispose([weight, column]);
  });
});

/** The graph with one output, under another name. */
function renameOutput(graph: Graph, from: string, to: string): Graph {
  return { ...graph, outputs: graph.outputs.filter(({ name }) => name === from).map(({ id }) => ({ name: to, id })) };
}
