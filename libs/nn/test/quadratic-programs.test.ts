/** The programs of the quadratic model, against dense Gauss-Newton matrices. */
import * as tf from '@tensorflow/tfjs-core';
import { onnxCpuExecutor } from '@geodesic/engine/onnx';
import { stopGradient, tap } from '@geodesic/engine/trace';
import { expectClose } from '@geodesic/testing';
import { entryOf, makeLayout, type TensorData } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import { buildPrograms, classificationTask, dense, dropout, layeredModel, sequential, type Model } from '../src/index.ts';
import { curvatureModel, kronecker } from './curvature-model.ts';
import { column, gaussNewton, jacobians, outputRows, programsOf, run, slotValues, softmaxHessian, type Values } from './dense-reference.ts';
import { tensor } from './evaluate-function.ts';
import { zoo } from './layer-zoo.ts';

const rows = 6;
const real = 5;
const close = { abs: 1e-11, rel: 1e-9 };
const search = { objective: true, quad: true, product: true, probe: true, trial: true };

const withDropout: Model = layeredModel({
  net: sequential([
    dense({ name: 'first', inputs: 3, outputs: 4 }),
    dropout({ name: 'drop', shape: [4], rate: 0.4 }),
    dense({ name: 'head', inputs: 4, outputs: 3 }),
  ]),
  featureShape: [3],
  task: classificationTask({ classes: 3, labelSmoothing: 0.25 }),
  output: 'logits',
});

interface Entry {
  readonly title: string;
  readonly model: Model;
  readonly x?: readonly number[];
}
const entries: readonly Entry[] = [...zoo, { title: 'dropout', model: withDropout }];

/** sum_n J^T H J over one example. */
function exampleMatrix(model: Model, values: Values, n: number): number[][] {
  return gaussNewton([jacobians(model, 'logits', values)[n]], [softmaxHessian(outputRows(model, 'logits', values)[n])]);
}

const times = (matrix: readonly (readonly number[])[], v: ArrayLike<number>): number[] =>
  matrix.map((row) => row.reduce((sum, entry, i) => sum + entry * v[i], 0));
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

describe.each(entries)('$title', ({ model, x }) => {
  const values = slotValues(model, rows, { real, ...(x && { x }) });
  const programs = programsOf(model, rows, kronecker, search);
  const matrices = Array.from({ length: real }, (_, n) => exampleMatrix(model, values, n));
  const [d, m] = [values['vector:direction'].data, values.previous.data];

  it('quad: the columns are the forms of each example', () => {
    const outputs = run(programs.quad, values);
    const expected = { DD: [d, d], DM: [d, m], MM: [m, m] } as const;
    for (const [name, [u, w]] of Object.entries(expected)) {
      const forms = matrices.map((matrix) => dot(u, times(matrix, w)));
      expectClose(column(programs.quad, outputs, name), [...forms, ...Array<number>(rows - real).fill(0)], close);
    }
  });

  it('product: the matrix times the direction', () => {
    const expected = matrices.map((matrix) => times(matrix, d)).reduce((sum, next) => sum.map((value, i) => value + next[i]));
    expectClose(run(programs.product, values)['sum:product'].data, expected, close);
  });

  it('probe: the forms of the blocks', () => {
    const outputs = run(programs.probe, values);
    for (const { name, weight, bias, outputs: width } of model.layers) {
      const { offset, size } = entryOf(makeLayout(model.parameters), weight);
      const end = offset + size + (bias ? width : 0);
      const part = d.map((value, i) => (i >= offset && i < end ? value : 0));
      const forms = matrices.map((matrix) => dot(part, times(matrix, part)));
      expectClose(column(programs.probe, outputs, `probe/${name}`).slice(0, real), forms, close);
    }
  });

  it('trial: the objective at a moved theta, as the gradient program has it there', () => {
    const theta = { ...values.theta, data: values.theta.data.map((value, i) => value + 0.1 * d[i]) } as TensorData;
    const moved = { ...values, theta };
    const trial = run(programs.trial, moved);
    expect(column(programs.trial, trial, 'objective')).toEqual(column(programs.grad, run(programs.grad, moved), 'objective'));
    expect(column(programs.trial, trial, 'sound')).toEqual([1, 1, 1, 1, 1, 0]);
    expect(programs['grad-stats'].columns).toContain('objective');
  });
});

describe('trial', () => {
  const overflowing = curvatureModel({
    features: [1],
    parameters: { 'net.weight': [1, 3] },
    logits: (t) => tf.matMul(t.x, t['net.weight']),
    model: { task: { ...classificationTask({ classes: 3 }), terms: ({ logits }) => terms(logits) } },
  });
  /** exp overflows, inf - inf is NaN, and -exp is minus infinity. */
  function terms(logits: tf.Tensor): Record<string, tf.Tensor> {
    const [a, b, c] = tf.split(tf.exp(logits), 3, 1).map((part) => tf.reshape(part, [-1]));
    const objective = tf.sub(tf.add(a, b), c);
    return { loss: objective, hit: objective, objective };
  }

  it('flags examples whose objective is NaN or infinite, and counts nothing for them', () => {
    const { trial } = buildPrograms({ model: overflowing, slotSize: 4, curvature: new Map(), search: { trial: true } }).phases;
    const at = (weights: readonly number[]): Values => ({
      theta: tensor([3], weights),
      x: tensor([4, 1], [0, 1, 1, 0]),
      weight: tensor([4], [1, 1, 1, 0]),
    });
    for (const weights of [
      [1000, 0, 0],
      [0, 0, 1000],
      [1000, 0, 1000],
    ]) {
      const found = run(trial, at(weights));
      expect(column(trial, found, 'sound')).toEqual([1, 0, 0, 0]);
      expect(column(trial, found, 'objective')).toEqual([1, 0, 0, 0]);
    }
  });

  it('does the same in float32 by the native executor', async () => {
    const { trial } = buildPrograms({ model: overflowing, slotSize: 4, curvature: new Map(), search: { trial: true } }).phases;
    const executor = onnxCpuExecutor();
    const program = await executor.compile(trial.graph);
    const float32 = (shape: readonly number[], data: readonly number[]): TensorData => ({
      dtype: 'float32',
      shape,
      data: Float32Array.from(data),
    });
    const [x, weight] = [float32([4, 1], [0, 1, 1, 0]), float32([4], [1, 1, 1, 0])];
    // inf, -inf, NaN
    for (const theta of [
      [1000, 0, 0],
      [0, 0, 1000],
      [1000, 0, 1000],
    ])
      expect([...(await program.run({ theta: float32([3], theta), x, weight })).examples.data]).toEqual([1, 1, 0, 0, 0, 0, 0, 0]);
    await executor.close();
  });
});

describe('programs of a step', () => {
  it('draw the forward pass alike: the same names, purposes and widths', () => {
    const programs = programsOf(withDropout, rows, kronecker, { ...search, burnin: true });
    for (const name of ['grad', 'grad-stats', 'burnin', 'quad', 'product', 'probe', 'trial'])
      expect(programs[name].random.filter(({ purpose }) => purpose !== 'label')).toEqual(withDropout.random);
  });

  it('leave frozen parameters out: no gradient, no product, and what is broadcast for them is not read', () => {
    const { model } = zoo[0];
    const frozen = new Set(['first.weight']);
    const { quad, product } = buildPrograms({ model, slotSize: rows, curvature: new Map(), search, frozen }).phases;
    const values = slotValues(model, rows);
    const direction = tensor(
      values.theta.shape,
      [...values['vector:direction'].data].map((value, i) => (i < 12 ? 0 : value)),
    );
    const whole = programsOf(model, rows, kronecker, search);
    const expected = run(whole.product, { ...values, 'vector:direction': direction })['sum:product'].data;
    expectClose(run(product, values)['sum:product'].data, [...Array<number>(12).fill(0), ...expected.slice(12)], close);
    const forms = column(whole.quad, run(whole.quad, { ...values, 'vector:direction': direction }), 'DD');
    expectClose(column(quad, run(quad, values), 'DD'), forms, close);
  });

  it('take moments of batch norms as constants', () => {
    const network = (fix: (moment: tf.Tensor) => tf.Tensor): Model =>
      curvatureModel({
        features: [3],
        parameters: { 'first.weight': [3, 2], 'head.weight': [2, 3] },
        logits: (t) => {
          const z = tf.matMul(t.x, t['first.weight']);
          const mean = fix(tf.div(tf.sum(tf.mul(tf.expandDims(t.weight, 1), z), 0), tf.sum(t.weight)));
          return tf.matMul(tf.square(tf.sub(z, mean)), t['head.weight']);
        },
      });
    const tapped = network((moment) => tap(moment, { layer: 'norm', role: 'moment' }));
    const [constant, plain] = [network(stopGradient), network((moment) => moment)];
    const values = slotValues(plain, rows, { real });
    const [found, fixed, coupled] = [tapped, constant, plain].map((model) => {
      const { quad, product } = programsOf(model, rows, kronecker, search);
      return { forms: column(quad, run(quad, values), 'DM'), product: run(product, values)['sum:product'].data };
    });
    expectClose(found.forms, fixed.forms, close);
    expectClose(found.product, fixed.product, close);
    expect(Math.abs(coupled.forms[0] - fixed.forms[0])).toBeGreaterThan(1e-4);
  });
});
