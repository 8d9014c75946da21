/** Golden vectors 06 and 07: exact and empirical Fisher matrices, and the two forms of metric K-FAC, as programs of buildPrograms. */
import * as tf from '@tensorflow/tfjs-core';
import { expectClose, flat, loadGolden, rowsOf, type Nested } from '@geodesic/testing';
import { makeLayout, type TensorData } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import { buildPrograms, classificationTask, dense, layeredModel, mlpClassifier, type LayerCurvature, type Model } from '../src/index.ts';
import { column, run, type Values } from './dense-reference.ts';
import { labels, tensor } from './evaluate-function.ts';

const mlpGolden = loadGolden('06_kfac_metric_kfac');
const softmaxGolden = loadGolden('07_softmax_fisher').cases.full_fisher;
const mlp = mlpClassifier({ inputs: 3, classes: 3, hidden: [4], activation: 'tanh' });

/** Golden matrices are [out][in + 1]; ours are the transpose, row-major. */
const transposed = (matrix: Nested): number[] => rowsOf(matrix)[0].flatMap((_, i) => rowsOf(matrix).map((row) => row[i]));

/** Reorders a golden matrix over vec([out][in + 1]) into ours over vec([in + 1][out]). */
function reordered(matrix: Nested, outputs: number): number[] {
  const golden = rowsOf(matrix);
  const inputs = golden.length / outputs;
  const place = (at: number): number => (at % outputs) * inputs + Math.floor(at / outputs);
  return golden.flatMap((_, i) => golden.map((_row, j) => golden[place(i)][place(j)]));
}

function statistics(model: Model, rows: number, curvature: LayerCurvature) {
  return buildPrograms({ model, slotSize: rows, curvature: new Map(model.layers.map(({ name }) => [name, curvature])) }).phases[
    'grad-stats'
  ];
}

function meanOf(sums: Readonly<Record<string, TensorData>>, name: string, count: number): number[] {
  return Array.from(sums[`sum:${name}`].data, (value) => value / count);
}

describe('golden softmax regression', () => {
  const { inputs, outputs, tol } = softmaxGolden;
  const [x, y] = [rowsOf(inputs.X), flat(inputs.y)];
  const rows = x.length;
  const model = layeredModel({
    net: dense({ name: 'net', inputs: x[0].length, outputs: 3 }),
    featureShape: [x[0].length],
    task: classificationTask({ classes: 3 }),
    output: 'logits',
  });
  const theta = transposed(inputs.W);
  const step = transposed([0, 1, 2].map((row) => flat(inputs.small_step).slice(5 * row, 5 * row + 5)));
  const values: Values = {
    theta: tensor([15], theta),
    x: tensor([rows, x[0].length], x.flat()),
    y: labels(y),
    weight: tensor([rows], Array<number>(rows).fill(1)),
    'vector:direction': tensor([15], step),
    previous: tensor([15], Array<number>(15).fill(0)),
  };
  const at = (curvature: LayerCurvature) => run(statistics(model, rows, curvature), values);

  it('has the golden gradient and exact Fisher matrix', () => {
    const sums = at({ source: 'exact', form: 'dense' });
    const gradient =
      flat(outputs.grad).length === 15 ? [0, 1, 2].map((row) => flat(outputs.grad).slice(5 * row, 5 * row + 5)) : outputs.grad;
    expectClose(meanOf(sums, 'gradient', rows), transposed(gradient), tol);
    expectClose(meanOf(sums, 'F/net', rows), reordered(outputs.fisher, 3), tol);
  });

  it('has its diagonal', () => {
    const diagonal = [0, 1, 2].map((row) => flat(outputs.fisher_diag).slice(5 * row, 5 * row + 5));
    expectClose(meanOf(at({ source: 'exact', form: 'diagonal' }), 'D/net', rows), transposed(diagonal), tol);
  });

  it('has the golden empirical Fisher matrix and its diagonal', () => {
    expectClose(meanOf(at({ source: 'empirical', form: 'dense' }), 'F/net', rows), reordered(outputs.empirical_fisher, 3), tol);
    const diagonal = [0, 1, 2].map((row) => flat(outputs.empirical_fisher_diag).slice(5 * row, 5 * row + 5));
    expectClose(meanOf(at({ source: 'empirical', form: 'diagonal' }), 'D/net', rows), transposed(diagonal), tol);
  });

  it('has half the quadratic form of the golden small step, and the loss after the damped one', () => {
    const { quad, trial } = buildPrograms({ model, slotSize: rows, curvature: new Map(), search: { quad: true, trial: true } }).phases;
    const forms = column(quad, run(quad, values), 'DD');
    expectClose(forms.reduce((sum, form) => sum + form, 0) / (2 * rows), flat(outputs.half_quadratic_form), tol);
    const natural = flat(outputs.natural_gradient_damped);
    const move = transposed([0, 1, 2].map((row) => natural.slice(5 * row, 5 * row + 5)));
    const moved = tensor(
      [15],
      theta.map((value, i) => value - move[i]),
    );
    const objectives = column(trial, run(trial, { ...values, theta: moved }), 'objective');
    expectClose(objectives.reduce((sum, loss) => sum + loss, 0) / rows, flat(outputs.loss_after_damped_step), tol);
  });
});

describe('golden multilayer perceptron', () => {
  const { X, y, W1, W2 } = mlpGolden.cases.forward_backward.inputs;
  const rows = 5;
  const values: Values = {
    theta: tensor([makeLayout(mlp.parameters).size], [...transposed(W1), ...transposed(W2)]),
    x: tensor([rows, 3], flat(X)),
    y: labels(flat(y)),
    weight: tensor([rows], Array<number>(rows).fill(1)),
  };

  it('has the golden exact factors, block and diagonals', () => {
    const { outputs, tol } = mlpGolden.cases.kfac_true_fisher;
    const kronecker = run(statistics(mlp, rows, { source: 'exact', form: 'kronecker' }), values);
    for (const [name, layer] of [
      ['dense1', outputs.layer1],
      ['head', outputs.layer2],
    ] as const) {
      expectClose(meanOf(kronecker, `A/${name}`, rows), flat(layer.A), tol);
      expectClose(meanOf(kronecker, `S/${name}`, rows), flat(layer.S), tol);
    }
    const blocks = run(statistics(mlp, rows, { source: 'exact', form: 'dense' }), values);
    expectClose(meanOf(blocks, 'F/dense1', rows), reordered(outputs.exact_block_fisher_layer1, 4), tol);
    const diagonals = run(statistics(mlp, rows, { source: 'exact', form: 'diagonal' }), values);
    expectClose(meanOf(diagonals, 'D/dense1', rows), transposed(outputs.fisher_diag1), tol);
    expectClose(meanOf(diagonals, 'D/head', rows), transposed(outputs.fisher_diag2), tol);
  });

  it('has the golden empirical factors and diagonals', () => {
    const { outputs, tol } = mlpGolden.cases.kfac_empirical_fisher;
    const kronecker = run(statistics(mlp, rows, { source: 'empirical', form: 'kronecker' }), values);
    expectClose(meanOf(kronecker, 'S/dense1', rows), flat(outputs.layer1.S), tol);
    expectClose(meanOf(kronecker, 'S/head', rows), flat(outputs.layer2.S), tol);
    const diagonals = run(statistics(mlp, rows, { source: 'empirical', form: 'diagonal' }), values);
    expectClose(meanOf(diagonals, 'D/dense1', rows), transposed(outputs.empirical_fisher_diag1), tol);
    expectClose(meanOf(diagonals, 'D/head', rows), transposed(outputs.empirical_fisher_diag2), tol);
  });

  /** The batch once for each unit vector in the place of a normal draw of `width` numbers: sums of outer products are then exact. */
  function repeated(width: number): Values {
    const times = <T>(per: readonly T[], length: number): T[] =>
      Array.from({ length: rows * width }, (_, row) =>
        per.slice(Math.floor(row / width) * length, (Math.floor(row / width) + 1) * length),
      ).flat();
    return {
      ...values,
      x: tensor([rows * width, 3], times(flat(X), 3)),
      y: labels(times(flat(y), 1)),
      weight: tensor([rows * width], Array<number>(rows * width).fill(1)),
      'normal:metric': tensor(
        [rows * width, width],
        Array.from({ length: rows * width * width }, (_, i) => (Math.floor(i / width) % width === i % width ? 1 : 0)),
      ),
    };
  }

  const normals = (width: number) => [{ name: 'normal:metric', purpose: 'metric', distribution: 'normal' as const, width }];

  it('form I: S is the mean of the golden local metric at the layer’s own output', () => {
    const { inputs, outputs, tol } = mlpGolden.cases.metric_kfac_form_I_local_metric;
    const net = inputs.metric_net;
    const hidden = dense({ name: 'dense1', inputs: 3, outputs: 4 });
    const head = dense({ name: 'head', inputs: 4, outputs: 3 });
    const matrix = (nested: Nested): tf.Tensor2D => tf.tensor2d(rowsOf(nested));
    const model: Model = {
      ...mlp,
      charts: [{ output: 'z1', layers: [] }],
      // The first layer's pre-activation is a forward output and so the coordinate of a chart.
      forward: (t) => {
        const z1 = hidden.apply(t, t.x);
        return { z1, logits: head.apply(t, tf.tanh(z1)) };
      },
      metricCotangents: {
        random: normals(6),
        draw: (t) => {
          const b = tf.tanh(tf.matMul(t.z1, matrix(net.Wb)));
          const c = tf.reshape(tf.tanh(tf.matMul(t.z1, matrix(net.Wc))), [-1, 2, 2]);
          const diagonal = tf.mul(tf.tensor1d(flat(net.D0)), tf.exp(tf.matMul(b, matrix(net.P), false, true)));
          const factor = tf.matMul(tf.reshape(matrix(net.U0), [1, 4, 2]), c);
          const [e1, e2] = tf.split(t['normal:metric'], [4, 2], 1);
          const spread = tf.reshape(tf.matMul(factor, tf.expandDims(e2, 2)), [-1, 4]);
          return { z1: tf.add(tf.mul(tf.sqrt(diagonal), e1), spread) };
        },
      },
    };
    const local = run(only(model, 'dense1', { source: 'metric-local', form: 'kronecker' }, rows * 6), repeated(6));
    // Constants of a graph are float32; the golden metric net is in decimals.
    expectClose(meanOf(local, 'S/dense1', rows), flat(outputs.S), { abs: 1e-6 });
    const damped = run(only(model, 'dense1', { source: 'sampled', form: 'kronecker', dampingMetric: 'local' }, rows * 6), {
      ...repeated(6),
      'uniform:label': tensor([rows * 6, 1], Array<number>(rows * 6).fill(0.5)),
    });
    expect(damped['sum:M/dense1'].data).toEqual(local['sum:S/dense1'].data);
    expect(() => only(model, 'head', { source: 'metric-local', form: 'kronecker' }, 2)).toThrow(
      /head: expected an output that is the coordinate of a chart, for the local metric/,
    );
    expect(tol.abs).toBeLessThan(1e-6);
  });

  it('form II: S is the golden metric of the logits, pulled back', () => {
    const { outputs } = mlpGolden.cases.metric_kfac_form_II_pulled_back_output_metric;
    const model: Model = {
      ...mlp,
      charts: [{ output: 'logits', layers: ['dense1'] }],
      metricCotangents: {
        random: normals(7),
        draw: (t) => {
          const p = tf.softmax(t.logits);
          const [e1, e2, e3] = tf.split(t['normal:metric'], [3, 3, 1], 1);
          const spread = tf.mul(tf.sqrt(p), e1);
          const fisher = tf.sub(spread, tf.mul(p, tf.sum(spread, 1, true)));
          const ridge = tf.mul(Math.sqrt(0.05), e2);
          return { logits: tf.add(tf.add(fisher, ridge), tf.mul(Math.sqrt(0.1), tf.mul(tf.tanh(t.logits), e3))) };
        },
      },
    };
    const sums = run(only(model, 'dense1', { source: 'metric-pullback', form: 'kronecker' }, rows * 7), repeated(7));
    expectClose(meanOf(sums, 'S/dense1', rows), flat(outputs.S1), { abs: 1e-7 });
    expect(() => only(model, 'head', { source: 'metric-pullback', form: 'kronecker' }, 2)).toThrow(
      /head: expected a chart that it belongs to/,
    );
  });

  function only(model: Model, layer: string, curvature: LayerCurvature, slotSize: number) {
    return buildPrograms({ model, slotSize, curvature: new Map([[layer, curvature]]) }).phases['grad-stats'];
  }
});
