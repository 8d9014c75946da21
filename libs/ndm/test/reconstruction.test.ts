import { buildPrograms, type Task, type Tensors } from '@geodesic/nn';
import { trace } from '@geodesic/engine/trace';
import { expectClose } from '@geodesic/testing';
import type { TensorData } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import {
  additiveCoupling,
  chartBlock,
  compose,
  gaussianLogDensity,
  luLinear,
  monitorReconstruction,
  permutation,
  reconstructionError,
  split,
} from '../src/index.ts';
import { evaluateFunction, interpret, normal, normalTensor, shapesOf } from './evaluate-function.ts';
import { tensor } from './run-chart.ts';
import { runOnnx } from './run-onnx.ts';
import { slotValues, smallNdm, theta } from './small-ndm.ts';

const [rows, width] = [64, 32];
const blocks = [1, 2, 3, 4].map((l) => chartBlock({ name: `block${l}`, width, hidden: 64, reflections: 2, scaleMax: 2 }));
const stack = compose(blocks);

/** Root mean squares after training on the digits: 0.25, 0.05 and 0.2; the second layer of the couplings is taken twice as large. */
const spread = (name: string): number => {
  if (name.endsWith('hidden.weight')) return 0.25;
  if (name.endsWith('affine.weight')) return 0.1;
  return name.endsWith('vectors') ? 1 : 0.2;
};
const parameters = Object.fromEntries(stack.parameters.map(({ name, shape }) => [name, normalTensor(name, shape, spread(name))]));
const x: TensorData = { dtype: 'float64', shape: [rows, width], data: normal('x', rows * width) };

describe('a stack of four chart blocks', () => {
  it('is undone by its inverse to 1e-4 in float32', async () => {
    const inputs = { ...parameters, x };
    const { back } = await runOnnx((t) => ({ back: stack.inverse(t, stack.forward(t, t.x).value).value }), inputs);
    expectClose(back, Float32Array.from(x.data), { abs: 1e-4 });
  });

  it('is undone to 1e-10 in float64, with opposite log-determinants that are not zero', () => {
    const result = evaluateFunction(
      (t) => {
        const there = stack.forward(t, t.x);
        const back = stack.inverse(t, there.value);
        return { y: there.value, logDet: there.logDet, back: back.value, opposite: back.logDet };
      },
      { ...parameters, x },
    );
    expectClose(result.back, x.data, { abs: 1e-10 });
    expectClose(
      result.opposite,
      result.logDet.map((value) => -value),
      { abs: 1e-10 },
    );
    expect(Math.max(...result.logDet) - Math.min(...result.logDet)).toBeGreaterThan(1);
  });
});

describe('a chart after some steps of training', () => {
  const d = 6;
  const flow = compose([
    chartBlock({ name: 'block1', width: d, hidden: 8, reflections: 2, scaleMax: 2 }),
    luLinear({ name: 'lu', width: d, permutation: [1, 2, 3, 4, 5, 0] }),
    additiveCoupling({ name: 'shift', kept: [0, 1, 2], moved: [3, 4, 5], hidden: 8 }),
    permutation([5, 0, 4, 1, 3, 2]),
    split({ width: d, through: chartBlock({ name: 'block2', width: 4, hidden: 8, reflections: 2, scaleMax: 2 }) }),
  ]);
  const names = flow.parameters.map(({ name }) => name);

  /** First values as a run has them, but for the seed. */
  const first = Object.fromEntries(
    flow.parameters.map(({ name, shape, initializer }) => [
      name,
      normalTensor(name, shape, initializer.kind === 'normal' ? initializer.standardDeviation : 0),
    ]),
  );
  // Points about a bent surface, badly scaled: y -> (y_1 .. y_3, their squares) with noise.
  const points = ((): TensorData => {
    const noise = normal('points', 48 * d);
    return tensor(
      [48, d],
      Array.from(noise, (value, at) => (at % d < 3 ? value : 3 * noise[at - 3] ** 2 + 0.2 * value)),
    );
  })();

  const { losses, trained } = fit(60);

  /** Gradient descent on the negative log-likelihood of the points under a standard normal base, in float64. */
  function fit(steps: number): { losses: number[]; trained: Record<string, TensorData> } {
    const loss = (t: Tensors): tf.Scalar => {
      const { value, logDet } = flow.forward(t, t.x);
      return tf.neg(tf.mean(tf.add(gaussianLogDensity(value), logDet)));
    };
    const graph = trace(
      (t) => {
        const of = (...values: tf.Tensor[]): tf.Scalar =>
          loss({ ...t, ...Object.fromEntries(values.map((value, i) => [names[i], value])) });
        const { value, grads } = tf.valueAndGrads(of)(names.map((name) => t[name]));
        return { value, ...Object.fromEntries(grads.map((gradient, i) => [names[i], gradient])) };
      },
      shapesOf({ ...first, x: points }),
    );
    const parameters = structuredClone(first);
    const losses = Array.from({ length: steps }, () => {
      const { value, ...gradients } = interpret(graph, { ...parameters, x: points });
      for (const name of names) gradients[name].data.forEach((entry, i) => (parameters[name].data[i] -= 0.01 * entry));
      return value.data[0];
    });
    return { losses, trained: parameters };
  }

  const errorOf = (t: Tensors): Record<string, tf.Tensor> => ({
    error: reconstructionError(flow, t, { x: t.x, y: flow.forward(t, t.x).value }),
  });

  it('has learned something', () => {
    expect(losses[losses.length - 1]).toBeLessThan(losses[0] - 5);
  });

  it('is undone to 1e-10 in float64 and to 1e-4 in float32', async () => {
    const values = { ...trained, x: points };
    expect(Math.max(...evaluateFunction(errorOf, values).error)).toBeLessThan(1e-10);
    const { error } = await runOnnx(errorOf, values);
    expect(Math.max(...error)).toBeLessThan(1e-4);
  });
});

describe('monitorReconstruction', () => {
  const rows = 8;
  const small = smallNdm(rows);
  const blocks = [1, 2].map((l) => chartBlock({ name: `block${l}`, width: 4, hidden: 3, reflections: 2, scaleMax: 2 }));
  const monitored = { map: compose(blocks), from: 'chart0', to: 'chart2' };
  const withMonitor = (task: Task): Task => monitorReconstruction(task, monitored);
  const programs = buildPrograms({ model: { ...small.model, task: withMonitor(small.model.task) }, slotSize: rows, curvature: new Map() });
  const values = slotValues(small, rows, theta(small));
  const evaluated = interpret(programs.phases.eval.graph, values).examples;

  it('adds a column to the evaluation, zero to rounding in float64 and padding rows exactly', () => {
    expect(programs.phases.eval.columns).toEqual(['loss', 'hit', 'reconstruction']);
    expect(Math.max(...[...evaluated.data].filter((_, at) => at % 3 === 2))).toBeLessThan(1e-13);
    const padded = interpret(programs.phases.eval.graph, { ...values, weight: tensor([rows], Array<number>(rows).fill(0)) }).examples;
    expect(padded.data.every((entry) => entry === 0)).toBe(true);
  });

  it('shows a wrong inverse', () => {
    const broken = {
      inverse: (t: Tensors, y: tf.Tensor) => ({ ...monitored.map.inverse(t, y), value: tf.add(monitored.map.inverse(t, y).value, 0.5) }),
    };
    const task = monitorReconstruction(small.model.task, { ...monitored, map: broken });
    const { eval: phase } = buildPrograms({ model: { ...small.model, task }, slotSize: rows, curvature: new Map() }).phases;
    expectClose(
      [...interpret(phase.graph, values).examples.data].filter((_, at) => at % 3 === 2),
      Array<number>(rows).fill(0.5),
      { abs: 1e-12 },
    );
  });

  it('leaves the gradient as it is', () => {
    const plain = buildPrograms({ model: small.model, slotSize: rows, curvature: new Map() }).phases.grad;
    const sums = (graph: typeof plain.graph): number[] =>
      Object.entries(interpret(graph, values)).flatMap(([name, { data }]) => (name.startsWith('sum:') ? [...data] : []));
    expect(sums(programs.phases.grad.graph)).toEqual(sums(plain.graph));
    expect(sums(plain.graph).length).toBeGreaterThan(100);
  });

  it('names a forward output that is missing', () => {
    const task = monitorReconstruction(small.model.task, { ...monitored, to: 'chart9' });
    expect(() => buildPrograms({ model: { ...small.model, task }, slotSize: rows, curvature: new Map() })).toThrow(
      "a forward output 'chart9'",
    );
    expect(() => withMonitor(withMonitor(small.model.task))).toThrow("no column 'reconstruction' yet");
  });
});
