/** Identities of Kronecker-factored curvature against dense Gauss-Newton matrices: where it is exact, where it is not. */
import * as tf from '@tensorflow/tfjs-core';
import { GraphBuilder, evaluate, hessianVector } from '@geodesic/engine';
import { trace } from '@geodesic/engine/trace';
import { expectClose } from '@geodesic/testing';
import { makeLayout, type TensorData } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import { classificationTask, squaredErrorTask, type LayerCurvature, type Model, type Task, type Tensors } from '../src/index.ts';
import { curvatureModel } from './curvature-model.ts';
import {
  blockOf,
  gaussNewton,
  jacobians,
  kroneckerProduct,
  outputRows,
  programsOf,
  relativeError,
  run,
  slotValues,
  softmaxHessian,
  unitMatrix,
  type Values,
} from './dense-reference.ts';
import { tensor } from './evaluate-function.ts';

const exact: LayerCurvature = { source: 'exact', form: 'kronecker' };
const close = { abs: 1e-11, rel: 1e-9 };

interface NetOptions {
  readonly task: Task;
  readonly output: 'logits' | 'predictions';
  readonly activation: (x: tf.Tensor) => tf.Tensor;
}

/** 3 -> 4 -> 3, biases in both layers. */
function net({ task, output, activation }: NetOptions): Model {
  const value = (t: Tensors): tf.Tensor => {
    const hidden = activation(tf.add(tf.matMul(t.x, t['first.weight']), t['first.bias']));
    return tf.add(tf.matMul(hidden, t['second.weight']), t['second.bias']);
  };
  const parameters = { 'first.weight': [3, 4], 'first.bias': [4], 'second.weight': [4, 3], 'second.bias': [3] };
  return curvatureModel({ features: [3], parameters, logits: value, model: { task, forward: (t) => ({ [output]: value(t) }) } });
}

const softmax = classificationTask({ classes: 3 });
const squares = squaredErrorTask({ shape: [3] });
const linear = (x: tf.Tensor): tf.Tensor => x;
const hessianOf: Record<string, (outputs: readonly number[]) => number[][]> = {
  logits: softmaxHessian,
  predictions: (f) => unitMatrix(f.length),
};

/** The Gauss-Newton matrix of a slot, as a sum over its examples. */
function dense(model: Model, output: string, values: Values): number[][] {
  const hessians = outputRows(model, output, values).map(hessianOf[output]);
  const weighted = hessians.map((h, n) => h.map((row) => row.map((entry) => entry * values.weight.data[n])));
  return gaussNewton(jacobians(model, output, values), weighted);
}

function expectBlocks(model: Model, output: string, values: Values, tolerance = close): void {
  const count = Array.from(values.weight.data).reduce((sum, weight) => sum + weight, 0);
  const sums = run(programsOf(model, values.weight.shape[0], exact)['grad-stats'], values);
  const whole = dense(model, output, values);
  for (const layer of model.layers) {
    const product = kroneckerProduct(sums[`sum:A/${layer.name}`].data, sums[`sum:S/${layer.name}`].data, 1 / count);
    expectClose(product, blockOf(whole, model, layer), tolerance);
  }
}

describe('Jacobians of the reference', () => {
  it('agree with central differences of the outputs', () => {
    const model = net({ task: softmax, output: 'logits', activation: tf.tanh });
    const values = slotValues(model, 2);
    const [found] = jacobians(model, 'logits', values);
    const moved = (p: number, by: number): number[] => {
      const theta = { ...values.theta, data: values.theta.data.map((value, i) => (i === p ? value + by : value)) } as TensorData;
      return outputRows(model, 'logits', { ...values, theta })[0];
    };
    for (const p of [0, 7, 13, 20, 30]) {
      const [up, down] = [moved(p, 1e-5), moved(p, -1e-5)];
      expectClose(
        found.map((row) => row[p]),
        up.map((value, c) => (value - down[c]) / 2e-5),
        { abs: 1e-8 },
      );
    }
  });
});

describe('exact (type-2) Kronecker factors', () => {
  it.each([
    ['softmax', { task: softmax, output: 'logits', activation: tf.tanh }],
    [
      'softmax with smoothed labels',
      { task: classificationTask({ classes: 3, labelSmoothing: 0.25 }), output: 'logits', activation: tf.sigmoid },
    ],
    ['squared error', { task: squares, output: 'predictions', activation: tf.tanh }],
  ] as const)('are the Gauss-Newton blocks of a single example: %s', (_title, options) => {
    const model = net(options);
    expectBlocks(model, options.output, slotValues(model, 3, { real: 1 }));
  });

  it('are the blocks of deep linear nets with squared error for any number of examples', () => {
    const model = net({ task: squares, output: 'predictions', activation: linear });
    expectBlocks(model, 'predictions', slotValues(model, 7, { real: 5 }));
  });

  it('are only near the blocks of a nonlinear net with several examples', () => {
    const model = net({ task: softmax, output: 'logits', activation: tf.tanh });
    const values = slotValues(model, 6);
    const sums = run(programsOf(model, 6, exact)['grad-stats'], values);
    const [first] = model.layers;
    const product = kroneckerProduct(sums['sum:A/first'].data, sums['sum:S/first'].data, 1 / 6);
    expect(relativeError(product, blockOf(dense(model, 'logits', values), model, first))).toBeGreaterThan(0.02);
  });
});

/** A dense layer on T positions, then (linearly) the positions as they are, their mean or their sum, under squared error. */
function positions(pool: 'none' | 'mean' | 'sum', sharing: 'expand' | 'reduce'): Model {
  const T = 3;
  const value = (t: Tensors): tf.Tensor => {
    const h = tf.add(tf.matMul(tf.reshape(t.x, [-1, 2]), t['word.weight']), t['word.bias']);
    const z = tf.reshape(tf.matMul(h, t['head.weight']), [-1, T, 2]);
    return pool === 'none' ? z : pool === 'mean' ? tf.mean(z, 1) : tf.sum(z, 1);
  };
  const task = squaredErrorTask({ shape: pool === 'none' ? [T, 2] : [2] });
  const parameters = { 'word.weight': [2, 3], 'word.bias': [3], 'head.weight': [3, 2] };
  const sharings = { word: sharing, head: sharing };
  return curvatureModel({
    features: [T, 2],
    parameters,
    logits: value,
    sharing: sharings,
    model: { task, forward: (t) => ({ predictions: value(t) }) },
  });
}

describe('shared positions of deep linear nets', () => {
  it.each([
    ['none', 'expand'],
    ['mean', 'reduce'],
    ['sum', 'reduce'],
  ] as const)('pooling %s: %s is exact', (pool, sharing) => {
    const model = positions(pool, sharing);
    expectBlocks(model, 'predictions', slotValues(model, 5, { real: 4 }));
  });

  it.each([
    ['none', 'reduce'],
    ['mean', 'expand'],
    ['sum', 'expand'],
  ] as const)('pooling %s: %s is not', (pool, sharing) => {
    const model = positions(pool, sharing);
    const values = slotValues(model, 5);
    const sums = run(programsOf(model, 5, exact)['grad-stats'], values);
    const [word] = model.layers;
    const product = kroneckerProduct(sums['sum:A/word'].data, sums['sum:S/word'].data, 1 / 5);
    expect(relativeError(product, blockOf(dense(model, 'predictions', values), model, word))).toBeGreaterThan(0.1);
  });

  it('the curvature’s sharing goes before the layer’s own', () => {
    const values = slotValues(positions('mean', 'expand'), 5);
    const asked = run(programsOf(positions('mean', 'expand'), 5, { ...exact, sharing: 'reduce' })['grad-stats'], values);
    const own = run(programsOf(positions('mean', 'reduce'), 5, exact)['grad-stats'], values);
    for (const name of ['sum:A/word', 'sum:S/word', 'sum:A/head']) expect(asked[name].data).toEqual(own[name].data);
  });
});

describe('exact Fisher matrices', () => {
  it('are the expectation over labels of the outer products of gradients', () => {
    const model = net({ task: softmax, output: 'logits', activation: tf.tanh });
    const rows = 4;
    const values = slotValues(model, rows);
    const outputs = outputRows(model, 'logits', values);
    const all = jacobians(model, 'logits', values);
    const size = all[0][0].length;
    const expected = new Float64Array(size * size);
    outputs.forEach((logits, n) => {
      const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
      const p = logits.map((z) => Math.exp(z) / total);
      p.forEach((probability, label) => {
        const g = all[n][0].map((_, i) => p.reduce((sum, pk, k) => sum + (pk - (k === label ? 1 : 0)) * all[n][k][i], 0));
        g.forEach((gi, i) => g.forEach((gj, j) => (expected[i * size + j] += probability * gi * gj)));
      });
    });
    const F = run(programsOf(model, rows, { source: 'exact', form: 'dense' })['grad-stats'], values);
    const rowsOf = Array.from({ length: size }, (_, i) => [...expected.subarray(i * size, (i + 1) * size)]);
    for (const layer of model.layers) expectClose(F[`sum:F/${layer.name}`].data, blockOf(rowsOf, model, layer), close);
  });

  it.each([
    ['softmax', { task: softmax, output: 'logits' }],
    ['squared error', { task: squares, output: 'predictions' }],
  ] as const)('are the Hessian’s blocks of a piecewise linear net: %s', (_title, options) => {
    const model = net({ ...options, activation: tf.relu });
    const rows = 5;
    const values = slotValues(model, rows);
    const hessian = denseHessian(model, values);
    const F = run(programsOf(model, rows, { source: 'exact', form: 'dense' })['grad-stats'], values);
    for (const layer of model.layers) expectClose(F[`sum:F/${layer.name}`].data, blockOf(hessian, model, layer), close);
  });
});

/** The Hessian of the summed objective in theta, column by column. */
function denseHessian(model: Model, values: Values): number[][] {
  const { entries, size } = makeLayout(model.parameters);
  const y = { shape: values.y.shape, dtype: values.y.dtype === 'int32' ? ('int32' as const) : ('float32' as const) };
  const inputs = { theta: { shape: [size] }, x: { shape: values.x.shape }, y };
  const graph = trace((t) => {
    const parameters = entries.map(({ name, shape, offset, size: length }) => {
      return [name, tf.reshape(tf.slice(t.theta, [offset], [length]), [...shape])] as const;
    });
    const tensors = { ...t, ...Object.fromEntries(parameters) };
    return { total: tf.sum(model.task.terms({ ...tensors, ...model.forward(tensors, { training: true }) }).objective) };
  }, inputs);
  const builder = GraphBuilder.from(graph);
  const theta = graph.inputs.find(({ name }) => name === 'theta')!.id;
  const vector = builder.input('v', [size], 'float32');
  builder.output('product', hessianVector(builder, { scalar: graph.outputs[0].id, wrt: [theta], vectors: [vector] })[0]);
  const products = builder.build();
  return Array.from({ length: size }, (_, p) => {
    const v = tensor(
      [size],
      Array.from({ length: size }, (_value, i) => (i === p ? 1 : 0)),
    );
    const fed = { theta: values.theta, x: values.x, y: values.y, v };
    const known = products.inputs.map(({ name }) => [name, fed[name as keyof typeof fed]] as const);
    return [...evaluate(products, Object.fromEntries(known), { precision: 'float64' }).product.data];
  });
}
