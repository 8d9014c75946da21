import * as tf from '@tensorflow/tfjs-core';
import { evaluate } from '@geodesic/engine';
import { expectClose, flat, loadGolden, rowsOf } from '@geodesic/testing';
import { makeLayout, type TensorData } from '@geodesic/tensor';
import { describe, it } from 'vitest';
import { buildPrograms, mlpClassifier, type Model } from '../src/index.ts';
import { labels, tensor } from './evaluate-function.ts';

const golden = loadGolden('06_kfac_metric_kfac');
const [examples, classes] = [5, 3];
const mlp = mlpClassifier({ inputs: 3, classes, hidden: [4], activation: 'tanh' });

/** The golden net with the Fisher matrix of its output as the metric: sqrt(p) e - p (sqrt(p) . e) has covariance diag(p) - p p^T. */
const model: Model = {
  ...mlp,
  charts: [{ output: 'logits', layers: ['dense1', 'head'] }],
  metricCotangents: {
    random: [{ name: 'normal:metric', purpose: 'metric', distribution: 'normal', width: classes }],
    draw: (t) => {
      const p = tf.softmax(t.logits);
      const spread = tf.mul(tf.sqrt(p), t['normal:metric']);
      return { logits: tf.sub(spread, tf.mul(p, tf.sum(spread, 1, true))) };
    },
  },
};

describe('metric-kfac', () => {
  it('is K-FAC where the metric is the Fisher matrix: S equals the golden exact Fisher factors', () => {
    const { X, y, W1, W2 } = golden.cases.forward_backward.inputs;
    // Every example once with each unit vector in place of a normal draw: the sum of the outer products is then exact.
    const rows = examples * classes;
    const [features, targets] = [rowsOf(X), flat(y)];
    const repeated = Array.from({ length: rows }, (_, row) => Math.floor(row / classes));
    const theta = [W1, W2].flatMap((weights) => rowsOf(weights)[0].flatMap((_, input) => rowsOf(weights).map((row) => row[input])));
    const values: Record<string, TensorData> = {
      theta: tensor([makeLayout(model.parameters).size], theta),
      x: tensor(
        [rows, 3],
        repeated.flatMap((i) => features[i]),
      ),
      y: labels(repeated.map((i) => targets[i])),
      weight: tensor([rows], Array<number>(rows).fill(1)),
      'normal:metric': tensor(
        [rows, classes],
        Array.from({ length: rows * classes }, (_, i) => (Math.floor(i / classes) % classes === i % classes ? 1 : 0)),
      ),
    };
    const curvature = new Map(model.layers.map(({ name }) => [name, { source: 'metric-pullback', form: 'kronecker' } as const]));
    const { graph } = buildPrograms({ model, slotSize: rows, curvature }).phases['grad-stats'];
    const sums = evaluate(graph, Object.fromEntries(graph.inputs.map(({ name }) => [name, values[name]])), { precision: 'float64' });
    const { layer1, layer2 } = golden.cases.kfac_true_fisher.outputs;
    for (const [name, layer] of [
      ['dense1', layer1],
      ['head', layer2],
    ] as const) {
      const s = Array.from(sums[`sum:S/${name}`].data, (value) => value / examples);
      expectClose(s, flat(layer.S), { abs: 1e-12 });
    }
  });
});
