/**
 * ActNorm y = e^a (x + b), a, b in R^d (Kingma and Dhariwal 2018), initialised from data so that y has mean 0 and variance 1.
 * Data sums: sum x and sum x^2 over the rows; b = -mean, a = -ln std.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { ChartMap } from './chart-map.ts';

/** Added to a variance before its logarithm: a constant feature must not scale to infinity. */
const varianceFloor = 1e-6;

/** Describes an ActNorm; its parameters are `<name>.logScale` and `<name>.shift`, both [d]. */
export function actNorm(options: { readonly name: string; readonly width: number }): ChartMap {
  const { name, width } = options;
  const names = actNormParameters(name);
  const zeros = { kind: 'constant', value: 0 } as const;
  return {
    inputs: width,
    outputs: width,
    isometry: false,
    parameters: [
      { name: names.logScale, shape: [width], initializer: zeros },
      { name: names.shift, shape: [width], initializer: zeros },
    ],
    layers: [],
    forward: (t, x) => ({ value: tf.mul(tf.exp(t[names.logScale]), tf.add(x, t[names.shift])), logDet: tf.sum(t[names.logScale]) }),
    inverse: (t, y) => ({
      value: tf.sub(tf.mul(tf.exp(tf.neg(t[names.logScale])), y), t[names.shift]),
      logDet: tf.neg(tf.sum(t[names.logScale])),
    }),
    pushForward: (t, x, v) => {
      const scale = tf.exp(t[names.logScale]);
      return { value: tf.mul(scale, tf.add(x, t[names.shift])), tangent: tf.mul(scale, v) };
    },
  };
}

/** Names of an ActNorm's parameters. */
export function actNormParameters(name: string): { readonly logScale: string; readonly shift: string } {
  return { logScale: `${name}.logScale`, shift: `${name}.shift` };
}

/** Sums and count of rows -> the parameters that normalise them: `sum`, `squares` [d], `count` a scalar. */
export function actNormFromSums(sum: tf.Tensor, squares: tf.Tensor, count: tf.Tensor): { logScale: tf.Tensor; shift: tf.Tensor } {
  const mean = tf.div(sum, count);
  const variance = tf.sub(tf.div(squares, count), tf.square(mean));
  // Rounding may leave a variance of a constant feature slightly negative.
  const logScale = tf.mul(-0.5, tf.log(tf.add(tf.maximum(variance, 0), varianceFloor)));
  return { logScale, shift: tf.neg(mean) };
}
