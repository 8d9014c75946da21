import * as tf from '@tensorflow/tfjs-core';
import type { TensorFunction } from '@geodesic/nn';
import { expectClose, loadGolden, flat } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import {
  absoluteVolume,
  chartBlock,
  DenseField,
  isometryDefect,
  jacobianOf,
  pulledBackMetric,
  varianceGradient,
  varianceObjectives,
  volumeDistortion,
  volumeMoments,
  volumeVariance,
} from '../src/index.ts';
import { evaluateFunction, normalParameters, normalTensor } from './evaluate-function.ts';
import { tiers, width as d } from './metric-tiers.ts';
import { tensor } from './run-chart.ts';

const rows = 6;

describe('the volume terms', () => {
  const { outputs, tol } = loadGolden('02_lowrank_metric').cases.bounded_batch;
  const halves = tensor(
    [4],
    flat(outputs.logdet).map((value) => value / 2),
  );

  it('have the golden mean square, and the golden variance from moments that two slots add', () => {
    const found = evaluateFunction(
      (t) => {
        const slots = tf.split(t.half, 2).map((half) => volumeMoments(half, tf.onesLike(half)));
        const total = (name: 'count' | 'sum' | 'squares'): tf.Tensor => tf.add(slots[0][name], slots[1][name]);
        const moments = { count: total('count'), sum: total('sum'), squares: total('squares') };
        return { abs: tf.mean(absoluteVolume(t.half)), variance: volumeVariance(moments) };
      },
      { half: halves },
    );
    expectClose(found.abs, flat(outputs.half_logdet_sq_mean), tol);
    expectClose(found.variance, flat(outputs.half_logdet_var_population), tol);
  });

  it.each(tiers())('give the gradient of the variance of the $name metric from sums over rows', ({ metric, parameters }) => {
    const x = normalTensor('x', [rows, d]);
    // The last row is padding.
    const weight = tensor([rows], [1, 1, 1, 1, 1, 0]);
    const names = metric.parameters.map(({ name }) => name);
    const half = (t: Readonly<Record<string, tf.Tensor>>, values: readonly tf.Tensor[]): tf.Tensor => {
      return metric.at({ ...t, ...Object.fromEntries(names.map((name, i) => [name, values[i]])) }, t.x).halfLogDet();
    };
    const bySums: TensorFunction = (t) => {
      const own = names.map((name) => t[name]);
      const moments = volumeMoments(half(t, own), t.weight);
      const sumOf = (part: 'first' | 'second'): tf.Tensor[] =>
        tf.grads((...values) => tf.sum(tf.mul(t.weight, varianceObjectives(half(t, values))[part])))(own);
      const [first, second] = [sumOf('first'), sumOf('second')];
      return Object.fromEntries(names.map((name, i) => [name, varianceGradient(moments, { first: first[i], second: second[i] })]));
    };
    const direct: TensorFunction = (t) => {
      const gradients = tf.grads((...values) => volumeVariance(volumeMoments(half(t, values), t.weight)))(names.map((name) => t[name]));
      return Object.fromEntries(names.map((name, i) => [name, gradients[i]]));
    };
    const inputs = { ...parameters, x, weight };
    const [found, expected] = [evaluateFunction(bySums, inputs), evaluateFunction(direct, inputs)];
    for (const name of names) expectClose(found[name], expected[name], { rel: 1e-9, abs: 1e-11 });
  });
});

describe('volumeDistortion and isometryDefect', () => {
  const map = chartBlock({ name: 'block', width: d, hidden: 4, reflections: 2, scaleMax: 2 });
  const inputs = { ...normalParameters(map.parameters, 0.5), x: normalTensor('x', [rows, d]), v: normalTensor('v', [rows, d]) };
  /** The flat metric, `factor` times too large, at the end of a map that starts from the flat metric's pull-back. */
  const measure =
    (factor: number): TensorFunction =>
    (t) => {
      const from = new DenseField(pulledBackMetric(jacobianOf(map, t, t.x)));
      const to = new DenseField(tf.mul(factor, tf.tile(tf.expandDims(tf.eye(d), 0), [rows, 1, 1])));
      const image = map.pushForward(t, t.x, t.v).tangent;
      const { logDet } = map.forward(t, t.x);
      const volumes = { from: from.halfLogDet(), to: to.halfLogDet(), logDet };
      return { defect: isometryDefect({ from, to, v: t.v, image }), distortion: volumeDistortion(volumes) };
    };

  it('vanish for an isometry: a chart block whose metric is pulled back through it', () => {
    const { defect, distortion } = evaluateFunction(measure(1), inputs);
    expectClose(defect, Array<number>(rows).fill(0), { abs: 1e-24 });
    expectClose(distortion, Array<number>(rows).fill(0), { abs: 1e-12 });
  });

  it('measure a metric that is c times too large: (1 - c)^2, and d/2 ln c', () => {
    const { defect, distortion } = evaluateFunction(measure(1.5), inputs);
    expectClose(defect, Array<number>(rows).fill(0.25), { rel: 1e-11 });
    expectClose(distortion, Array<number>(rows).fill((d / 2) * Math.log(1.5)), { rel: 1e-11 });
  });

  it('see a metric that does not follow the map, in any direction', () => {
    const { defect } = evaluateFunction((t) => {
      const flat = new DenseField(tf.tile(tf.expandDims(tf.eye(d), 0), [rows, 1, 1]));
      return { defect: isometryDefect({ from: flat, to: flat, v: t.v, image: map.pushForward(t, t.x, t.v).tangent }) };
    }, inputs);
    expect(Math.min(...defect)).toBeGreaterThan(1e-6);
  });
});
