import * as tf from '@tensorflow/tfjs-core';
import { trace } from '@geodesic/engine/trace';
import { directionalRm as referenceRm } from '@geodesic/geometry';
import type { TensorFunction } from '@geodesic/nn';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { directionalRm, generalRm, type ChartMetric } from '../src/index.ts';
import { evaluateFunction, normalTensor, shapesOf } from './evaluate-function.ts';
import { tiers, width as d, type Tier } from './metric-tiers.ts';

const rows = 4;
const point = { x: normalTensor('x', [rows, d], 0.7), u: normalTensor('u', [rows, d]), v: normalTensor('v', [rows, d]) };

function expectedRm({ reference }: Tier): number[] {
  const row = (name: 'x' | 'u' | 'v', i: number) => point[name].data.slice(i * d, (i + 1) * d);
  return Array.from({ length: rows }, (_, i) => referenceRm(reference, row('x', i), row('u', i), row('v', i)));
}

/** Rm by reverse passes alone, each derivative along u or v a pass of its own. */
function nestedRm(metric: ChartMetric): TensorFunction {
  const dot = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(a, b), 1);
  return (t) => {
    const { u, v, x } = t;
    const form = (a: tf.Tensor, b: tf.Tensor) => (p: tf.Tensor) => dot(a, metric.at(t, p).multiply(b));
    const along = (w: tf.Tensor, f: (p: tf.Tensor) => tf.Tensor) => (p: tf.Tensor) => dot(w, tf.grad(f)(p));
    const [uu, uv, vv] = [form(u, u), form(u, v), form(v, v)];
    const product = (w: tf.Tensor) => (p: tf.Tensor) => metric.at(t, p).multiply(w);
    // (D_w g) z by the transpose of the transpose.
    const moved = (w: tf.Tensor, z: tf.Tensor): tf.Tensor => tf.grad((c: tf.Tensor) => tf.grad(product(z))(x, c))(tf.zerosLike(x), w);
    const gamma = (a: tf.Tensor, b: tf.Tensor, f: (p: tf.Tensor) => tf.Tensor) =>
      tf.mul(0.5, tf.sub(tf.add(moved(a, b), moved(b, a)), tf.grad(f)(x)));
    const field = metric.at(t, x);
    const [guu, guv, gvv] = [gamma(u, u, uu), gamma(u, v, uv), gamma(v, v, vv)];
    const halves = tf.add(along(v, along(v, uu))(x), along(u, along(u, vv))(x));
    const second = tf.sub(along(u, along(v, uv))(x), tf.mul(0.5, halves));
    return { rm: tf.add(second, tf.sub(dot(guv, field.solve(guv)), dot(guu, field.solve(gvv)))) };
  };
}

/** Nodes of the graph of the gradient of sum Rm^2 in all parameters. */
function gradientNodes({ metric, parameters }: Tier, rm: TensorFunction): number {
  const names = metric.parameters.map(({ name }) => name);
  const penalty: TensorFunction = (t) => {
    const objective = (...values: tf.Tensor[]): tf.Tensor => {
      const named = Object.fromEntries(names.map((name, i) => [name, values[i]]));
      return tf.sum(tf.square(rm({ ...t, ...named }).rm));
    };
    const gradients = tf.grads(objective)(names.map((name) => t[name]));
    return Object.fromEntries(gradients.map((gradient, i) => [names[i], gradient]));
  };
  return trace(penalty, shapesOf({ ...parameters, ...point })).nodes.length;
}

describe.each(tiers())('directionalRm of the $name metric', (tier) => {
  const { metric, parameters, rel } = tier;

  it('is Rm(u,v,u,v) of the float64 reference', () => {
    const { rm } = evaluateFunction((t) => ({ rm: directionalRm(metric, t, t.x, { u: t.u, v: t.v }) }), { ...parameters, ...point });
    expectClose(rm, expectedRm(tier), { rel: 10 * rel, abs: 10 * rel });
  });
});

describe.each(tiers().filter(({ name }) => name !== 'constant'))('generalRm of the $name metric', (tier) => {
  const { metric, parameters, rel } = tier;
  const general: TensorFunction = (t) => ({ rm: generalRm(metric, t, t.x, { u: t.u, v: t.v }) });

  it('agrees with reverse passes nested three deep', () => {
    const inputs = { ...parameters, ...point };
    expectClose(evaluateFunction(general, inputs).rm, evaluateFunction(nestedRm(metric), inputs).rm, { rel: 1e-9, abs: 1e-10 });
    expectClose(evaluateFunction(general, inputs).rm, expectedRm(tier), { rel: 10 * rel, abs: 10 * rel });
  });
});

describe('the graph of the gradient of Rm^2', () => {
  it.each(tiers().filter(({ name }) => name === 'low-rank' || name === 'dense'))(
    'of the $name metric has less than three quarters of the nodes that nested reverse passes have',
    (tier) => {
      const general: TensorFunction = (t) => ({ rm: generalRm(tier.metric, t, t.x, { u: t.u, v: t.v }) });
      expect(gradientNodes(tier, general)).toBeLessThan(0.75 * gradientNodes(tier, nestedRm(tier.metric)));
    },
  );
});
