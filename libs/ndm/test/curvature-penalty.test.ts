import * as tf from '@tensorflow/tfjs-core';
import { checkRowIndependence } from '@geodesic/engine';
import { trace } from '@geodesic/engine/trace';
import type { TensorFunction } from '@geodesic/nn';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { curvaturePenalty, curvatureRandom, generalRm, type ChartMetric } from '../src/index.ts';
import { evaluateFunction, interpret, normalTensor, shapesOf } from './evaluate-function.ts';
import { tiers, width as d, type Parameters } from './metric-tiers.ts';
import { runOnnx } from './run-onnx.ts';

const rows = 3;
const x = normalTensor('x', [rows, d], 0.7);
const numbersOf = (metric: ChartMetric) => normalTensor('numbers', [rows, 2 * metric.normals]);

function penalty(metric: ChartMetric, options: { readonly huber?: number } = {}): TensorFunction {
  return (t) => ({ penalty: curvaturePenalty({ metric, x: t.x, numbers: t.numbers }, t, options) });
}

/** The gradient of the sum of the penalty in all parameters and in x, one reverse pass. */
function gradient(metric: ChartMetric): TensorFunction {
  const names = [...metric.parameters.map(({ name }) => name), 'x'];
  return (t) => {
    const objective = (...values: tf.Tensor[]): tf.Tensor => {
      const named = { ...t, ...Object.fromEntries(names.map((name, i) => [name, values[i]])) };
      return tf.sum(penalty(metric)(named).penalty);
    };
    const found = tf.grads(objective)(names.map((name) => t[name]));
    return Object.fromEntries(found.map((tensor, i) => [names[i], tensor]));
  };
}

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);

describe.each(tiers().filter(({ name }) => name !== 'constant'))('curvaturePenalty of the $name metric', ({ metric, parameters }) => {
  const inputs: Parameters = { ...parameters, x, numbers: numbersOf(metric) };
  const exact = evaluateFunction(gradient(metric), inputs);

  const graph = trace(penalty(metric), shapesOf(inputs));

  it('has the gradient that central differences show, through the draws of u and v too', () => {
    const h = 1e-5;
    for (const name of Object.keys(exact)) {
      const direction = normalTensor(`direction ${name}`, inputs[name].shape).data;
      const at = (step: number): number => {
        const data = Float64Array.from(inputs[name].data, (value, i) => value + step * direction[i]);
        return sum(interpret(graph, { ...inputs, [name]: { ...inputs[name], data } }).penalty.data);
      };
      const slope = exact[name].reduce((total, value, i) => total + value * direction[i], 0);
      // Fourth order, since a penalty bends strongly.
      expectClose([slope], [(8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)], { rel: 1e-6, abs: 1e-7 });
    }
  });

  it('has it within 1e-3 on ONNX Runtime in float32', async () => {
    const found = await runOnnx(gradient(metric), inputs);
    for (const [name, values] of Object.entries(exact)) {
      const scale = Math.max(...values.map(Math.abs));
      expectClose(found[name], values, { rel: 1e-3, abs: 1e-3 * scale });
    }
  });
});

describe('curvaturePenalty', () => {
  const [constant] = tiers();

  it.each(tiers())('is zero where the $name metric does not depend on the point', ({ name, metric, parameters }) => {
    const flat = Object.fromEntries(
      Object.entries(parameters).map(([key, value]) => [
        key,
        key.endsWith('weight2') ? { ...value, data: value.data.map(() => 0) } : value,
      ]),
    );
    const inputs = { ...flat, x, numbers: numbersOf(metric) };
    expect(evaluateFunction(penalty(metric), inputs).penalty).toEqual(Array<number>(rows).fill(0));
    if (name === 'constant') return;
    const general = evaluateFunction((t) => ({ rm: generalRm(metric, t, t.x, { u: t.u, v: t.v }) }), {
      ...inputs,
      u: normalTensor('u', [rows, d]),
      v: normalTensor('v', [rows, d]),
    });
    expectClose(general.rm, Array<number>(rows).fill(0), { abs: 1e-12 });
  });

  it.each(tiers())('of the $name metric takes every row by itself', ({ metric, parameters }) => {
    const inputs = { ...parameters, x, numbers: numbersOf(metric) };
    const graph = trace(penalty(metric), shapesOf(inputs));
    const read = Object.fromEntries(graph.inputs.map(({ name }) => [name, inputs[name as keyof typeof inputs]]));
    const rowInputs = ['x', 'numbers'].filter((name) => name in read);
    expect(() => rowInputs.length > 0 && checkRowIndependence(graph, { rowInputs, rowOutputs: ['penalty'], inputs: read })).not.toThrow();
  });

  it('grows linearly beyond the threshold of Huber and not otherwise', () => {
    const { metric, parameters } = tiers()[2];
    const inputs = { ...parameters, x, numbers: numbersOf(metric) };
    const squares = evaluateFunction(penalty(metric), inputs).penalty;
    const sizes = squares.map(Math.sqrt);
    const huber = 2 ** Math.floor(Math.log2(Math.max(...sizes)));
    const expected = sizes.map((size) => (size <= huber ? size * size : huber * (2 * size - huber)));
    expectClose(evaluateFunction(penalty(metric, { huber }), inputs).penalty, expected, { rel: 1e-10, abs: 1e-14 });
    expect(expected.some((value, i) => value < squares[i] * (1 - 1e-6))).toBe(true);
  });

  it('refuses a threshold that is not positive', () => {
    const inputs = { ...constant.parameters, x, numbers: numbersOf(constant.metric) };
    expect(() => evaluateFunction(penalty(constant.metric, { huber: 0 }), inputs)).toThrow(
      /curvaturePenalty: huber: expected a positive number, got 0/,
    );
  });

  it('draws its numbers by example, two vectors of the metric’s normals for each chart', () => {
    expect(curvatureRandom('chart1', constant.metric)).toEqual({
      name: 'normal:curvature/chart1',
      purpose: 'curvature/chart1',
      distribution: 'normal',
      width: 2 * constant.metric.normals,
    });
  });
});
