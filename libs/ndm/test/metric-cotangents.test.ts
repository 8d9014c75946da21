import type * as tf from '@tensorflow/tfjs-core';
import { viewOf, type TensorData } from '@geodesic/tensor';
import { matmul } from '@geodesic/linalg';
import { buildPrograms, type LayerCurvature } from '@geodesic/nn';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { factoredMetric, type LowRankParts } from '../src/index.ts';
import { evaluateFunction, normal } from './evaluate-function.ts';
import { tensor } from './run-chart.ts';
import { run, slotValues, smallNdm, smallOptions, theta } from './small-ndm.ts';

const { width: d, metric } = smallOptions;
// Unit vectors in place of normal draws: their images under D^{1/2} e1 + U e2 are the columns of a root of g, so that S is exact.
const rows = d + metric.rank;
const ndm = smallNdm(rows);
const parameters = theta(ndm);
const tau = 0.25;
const point = [...normal('point', 3)];
const units = Array.from({ length: rows * rows }, (_, i) => (i % (rows + 1) === 0 ? 1 : 0));
const values = {
  ...slotValues(ndm, rows, parameters),
  x: tensor([rows, 3], Array.from({ length: rows }, () => point).flat()),
  state: tensor([ndm.model.state.length], Array<number>(ndm.model.state.length).fill(tau)),
  'normal:metric/1': tensor([rows, rows], units),
  'normal:metric/2': tensor([rows, rows], units),
};
const sums = run(ndm.phases['grad-stats'].graph, values);

/** Chart l at the point, for a theta. */
function chart(l: number, at: Float64Array): number[] {
  const named = Object.fromEntries(
    ndm.layout.entries.map(({ name, shape }): [string, TensorData] => [name, tensor(shape, [...viewOf(ndm.layout, at, name)])]),
  );
  return evaluateFunction((t) => ndm.model.forward(t, { training: false }), { ...named, x: tensor([1, 3], point) })[`chart${l}`];
}

/** A field's parts as outputs. */
function parts({ diagonal, factor }: LowRankParts): Record<string, tf.Tensor> {
  return { diagonal, factor };
}

/** tau g at chart l of the point, [d, d]. */
function metricAt(l: number): Float64Array {
  const { at, parameters: table } = factoredMetric({ name: `metric${l}`, width: d, ...metric });
  const named = Object.fromEntries(table.map(({ name, shape }) => [name, tensor(shape, [...viewOf(ndm.layout, parameters, name)])]));
  const { diagonal, factor } = evaluateFunction((t) => parts(at(t, t.z)), { ...named, z: tensor([1, d], chart(l, parameters)) });
  const u = Float64Array.from(factor);
  return matmul(u, u, { m: d, k: metric.rank, n: d, transposeB: true }).map(
    (entry, i) => tau * (entry + (i % (d + 1) === 0 ? diagonal[i / (d + 1)] : 0)),
  );
}

/** d chart_l / d z at a layer's pre-activation z, [d, O]: the derivative in its bias, by differences. */
function jacobian(l: number, layer: string, outputs: number): Float64Array {
  const h = 1e-5;
  const columns = Array.from({ length: outputs }, (_, k) => {
    const [plus, minus] = [1, -1].map((sign) => {
      const shifted = parameters.slice();
      viewOf(ndm.layout, shifted, `${layer}.bias`)[k] += sign * h;
      return chart(l, shifted);
    });
    return plus.map((value, i) => (value - minus[i]) / (2 * h));
  });
  return Float64Array.from({ length: d * outputs }, (_, i) => columns[i % outputs][Math.floor(i / outputs)]);
}

describe('metric K-FAC of ndmClassifier', () => {
  const layers = ndm.model.charts.flatMap((of, l) => of.layers.map((name) => [name, l] as const));

  it.each(layers)('%s: S is the metric of its chart, pulled back by the chain rule (form II)', (layer, l) => {
    const { outputs } = ndm.model.layers.find(({ name }) => name === layer)!;
    const j = jacobian(l, layer, outputs);
    const gj = matmul(metricAt(l), j, { m: d, k: d, n: outputs });
    const expected = matmul(j, gj, { m: outputs, k: d, n: outputs, transposeA: true });
    expectClose(sums[`sum:S/${layer}`].data, expected, { abs: 1e-7, rel: 1e-6 });
  });

  it('covers every layer of every block, each by its own chart', () => {
    expect(layers.map(([name, l]) => [name.slice(0, 6), l])).toEqual([
      ...Array.from({ length: 4 }, () => ['block1', 1]),
      ...Array.from({ length: 4 }, () => ['block2', 2]),
    ]);
  });

  it('stem: the local S is the metric of the chart that its output is (form I)', () => {
    const curvature = new Map<string, LayerCurvature>([['stem', { source: 'metric-local', form: 'kronecker' }]]);
    const { graph } = buildPrograms({ model: ndm.model, slotSize: rows, curvature }).phases['grad-stats'];
    const local = run(graph, { ...values, 'normal:metric/0': tensor([rows, rows], units) });
    expectClose(local['sum:S/stem'].data, metricAt(0), { abs: 1e-10, rel: 1e-9 });
  });

  it('refuses the local metric for a layer whose output is no chart, naming it', () => {
    const curvature = new Map<string, LayerCurvature>([['block1.coupling1.affine', { source: 'metric-local', form: 'kronecker' }]]);
    expect(() => buildPrograms({ model: ndm.model, slotSize: 2, curvature })).toThrow(
      /block1\.coupling1\.affine: expected an output that is the coordinate of a chart/,
    );
  });
});

describe('the objective of ndmClassifier', () => {
  it('is the same in the gradient and in a trial at the same parameters, its geometric part included', () => {
    const search = { objective: true, trial: true };
    const { grad, trial } = buildPrograms({ model: ndm.model, slotSize: rows, curvature: new Map(), search }).phases;
    const [there, here] = [grad, trial].map((phase) => {
      const { data } = run(phase.graph, values).examples;
      return Array.from({ length: rows }, (_, row) => data[row * phase.columns.length + phase.columns.indexOf('objective')]);
    });
    expect(here).toEqual(there);
    const { columns } = grad;
    const loss = run(grad.graph, values).examples.data[columns.indexOf('loss')];
    expect(Math.abs(here[0] - loss)).toBeGreaterThan(1e-3);
  });
});
