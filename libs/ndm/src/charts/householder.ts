/**
 * A product of Householder reflections I - 2 v v^T / v^T v, applied in the order of the rows of v: orthogonal, so volume is kept.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { ChartMap } from './chart-map.ts';

/** Describes `reflections` reflections of R^width; their vectors are the parameter `<name>.vectors` [reflections, width]. */
export function householder(options: { readonly name: string; readonly width: number; readonly reflections: number }): ChartMap {
  const { name, width, reflections } = options;
  const vectors = `${name}.vectors`;
  const reflect = (x: tf.Tensor, v: tf.Tensor): tf.Tensor => {
    const along = tf.matMul(x, v, false, true);
    return tf.sub(x, tf.mul(tf.div(tf.mul(2, along), tf.sum(tf.square(v))), v));
  };
  const rows = Array.from({ length: reflections }, (_, i) => i);
  const product = (x: tf.Tensor, v: tf.Tensor, order: readonly number[]): tf.Tensor =>
    order.reduce((y, i) => reflect(y, tf.slice(v, [i, 0], [1, width])), x);
  return {
    inputs: width,
    outputs: width,
    isometry: true,
    parameters: [{ name: vectors, shape: [reflections, width], initializer: { kind: 'normal', standardDeviation: 1 } }],
    layers: [],
    forward: (t, x) => ({ value: product(x, t[vectors], rows), logDet: tf.scalar(0) }),
    inverse: (t, y) => ({ value: product(y, t[vectors], rows.toReversed()), logDet: tf.scalar(0) }),
    pushForward: (t, x, v) => ({ value: product(x, t[vectors], rows), tangent: product(v, t[vectors], rows) }),
  };
}
