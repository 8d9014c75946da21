/**
 * Curvature of one pair of directions of a chart's metric, in the graph: with u, v [B, d] constant in coordinates, g(u,v) = u^T g v,
 *   Gamma(u,v) lowered = 1/2 [ (D_u g) v + (D_v g) u - grad g(u,v) ],
 *   Rm(u,v,u,v) = D_u D_v g(u,v) - 1/2 D_v^2 g(u,u) - 1/2 D_u^2 g(v,v) + |Gamma(u,v)|^2 - <Gamma(u,u), Gamma(v,v)>   (by g^-1),
 * positive on spheres. Derivatives along u and v come from forward 2-jets, the three gradients from reverse passes of the graph, which
 * are part of the value: a reverse pass through all of it is the gradient of a penalty. No [d, d, d] array is formed.
 * Nesting reverse passes alone gives the same numbers (the engine derives to any order), from 1.4 to 1.6 times the nodes: a derivative
 * along a direction then costs two reverse passes in place of one channel (test/directional-curvature.test.ts).
 * u and v are other tensors than x: what is derived by x is derived wherever x itself stands.
 * Source: spec A4 "Directional form".
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '@geodesic/nn';
import type { ChartMetric, DirectionPair } from '../metrics/metric-field.ts';
import { channelOf, constantJet, pointJet } from './two-jet.ts';

/**
 * Rm(u,v,u,v) [B] at x [B, d]: by the tier's closed form where it has one. A function of x, u, v and the metric's parameters that may be
 * differentiated again.
 */
export function directionalRm(metric: ChartMetric, t: Tensors, x: tf.Tensor, pair: DirectionPair): tf.Tensor {
  return metric.rm ? metric.rm(t, x, pair) : generalRm(metric, t, x, pair);
}

/** Rm(u,v,u,v) [B] by the general formula, for a metric that depends on the point. */
export function generalRm(metric: ChartMetric, t: Tensors, x: tf.Tensor, { u, v }: DirectionPair): tf.Tensor {
  const jet = metric.along(t, pointJet(x, u, v));
  const [gu, gv] = [jet.apply(u), jet.apply(v)];
  const slope = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
    tf.grad((point: tf.Tensor) => metric.along(t, constantJet(point)).form(a, b).value)(x);
  const lowered = (twice: tf.Tensor, gradient: tf.Tensor): tf.Tensor => tf.mul(0.5, tf.sub(twice, gradient));
  const gammaUu = lowered(tf.mul(2, channelOf(gu, 'u')), slope(u, u));
  const gammaUv = lowered(tf.add(channelOf(gv, 'u'), channelOf(gu, 'v')), slope(u, v));
  const gammaVv = lowered(tf.mul(2, channelOf(gv, 'v')), slope(v, v));
  const halves = tf.add(channelOf(jet.form(u, u), 'vv'), channelOf(jet.form(v, v), 'uu'));
  const second = tf.sub(channelOf(jet.form(u, v), 'uv'), tf.mul(0.5, halves));
  const field = metric.at(t, x);
  const first = tf.sub(dot(gammaUv, field.solve(gammaUv)), dot(gammaUu, field.solve(gammaVv)));
  return tf.add(second, first);
}

function dot(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.sum(tf.mul(a, b), 1);
}
