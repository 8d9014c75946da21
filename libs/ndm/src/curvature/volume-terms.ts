/**
 * The volume terms of the Evolution Layer, of v = 1/2 log det g(x) [B] in nats:
 *   abs  E[v^2]: fights every scale; for metrics without an anchor
 *   var  E[v^2] - E[v]^2: free of scale; not a sum over examples. A slot gives n, sum v, sum v^2 and the gradients of sum v and of
 *        sum v^2 / 2, all of which add; the root forms dVar = 2 [E(v dv) - E(v) E(dv)]
 *   map  E[delta^2], delta = v_{l+1}(phi x) + ln |det J| - v_l(x): zero iff phi keeps Riemannian volume; independent of coordinates
 * Source: spec A6.
 */
import * as tf from '@tensorflow/tfjs-core';

/** The term `abs` [B]. */
export function absoluteVolume(halfLogDet: tf.Tensor): tf.Tensor {
  return tf.square(halfLogDet);
}

/** delta [B] of a map between charts from v at both ends and its log |det J|; the term `map` is its square. */
export function volumeDistortion(volumes: { readonly from: tf.Tensor; readonly to: tf.Tensor; readonly logDet: tf.Tensor }): tf.Tensor {
  return tf.sub(tf.add(volumes.to, volumes.logDet), volumes.from);
}

/** Sums over examples that give the mean and the variance of v; scalars that add over slots. */
export interface VolumeMoments {
  readonly count: tf.Tensor;
  readonly sum: tf.Tensor;
  readonly squares: tf.Tensor;
}

/** The moments of v [B], rows weighted by `weight` [B] (0 for padding). */
export function volumeMoments(halfLogDet: tf.Tensor, weight: tf.Tensor): VolumeMoments {
  const weighted = tf.mul(weight, halfLogDet);
  return { count: tf.sum(weight), sum: tf.sum(weighted), squares: tf.sum(tf.mul(weighted, halfLogDet)) };
}

/** Var v of moments summed over all slots, with the count as divisor. */
export function volumeVariance({ count, sum, squares }: VolumeMoments): tf.Tensor {
  return tf.sub(tf.div(squares, count), tf.square(tf.div(sum, count)));
}

/** Per-example objectives [B] whose gradients, summed over rows and slots, are sum dv and sum v dv. */
export function varianceObjectives(halfLogDet: tf.Tensor): { readonly first: tf.Tensor; readonly second: tf.Tensor } {
  return { first: halfLogDet, second: tf.mul(0.5, tf.square(halfLogDet)) };
}

/** dVar, of the shape of the gradients, from the moments and the gradients of both objectives, all summed over all slots. */
export function varianceGradient(moments: VolumeMoments, gradients: { readonly first: tf.Tensor; readonly second: tf.Tensor }): tf.Tensor {
  const mean = tf.div(moments.sum, moments.count);
  return tf.mul(tf.div(2, moments.count), tf.sub(gradients.second, tf.mul(mean, gradients.first)));
}
