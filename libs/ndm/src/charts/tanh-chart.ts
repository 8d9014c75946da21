/**
 * The elementwise bijection z -> tanh z of R^d onto (-1, 1)^d, with which the layers of a tanh network are charts: a square linear map,
 * then this. log |det| = sum ln(1 - tanh^2 z), taken as 2 (ln 2 - z - softplus(-2 z)), which does not underflow for large |z|.
 * The inverse atanh is defined on the open cube only: what lies outside is moved to its edge, and `tanhDomainError` says by how much.
 */
import * as tf from '@tensorflow/tfjs-core';
import { withoutParameters, type ChartMap } from './chart-map.ts';
import { preciseConstant } from './precise-constant.ts';

/** Largest |y| that is inverted, 1 - 2^-23: exact in float32. |z| up to 8.3 comes back; beyond, a float32 tanh is flat. */
export const tanhDomain: number = 1 - 2 ** -23;

/** Describes the elementwise tanh of R^width; no parameters. */
export function tanhChart(width: number): ChartMap {
  return {
    ...withoutParameters(width),
    isometry: false,
    forward: (_, x) => ({ value: tf.tanh(x), logDet: tf.sum(logSlope(x), 1) }),
    inverse: (_, y) => {
      const inside = tf.clipByValue(y, -tanhDomain, tanhDomain);
      const x = tf.mul(0.5, tf.sub(tf.log1p(inside), tf.log1p(tf.neg(inside))));
      return { value: x, logDet: tf.neg(tf.sum(logSlope(x), 1)) };
    },
    pushForward: (_, x, v) => {
      const value = tf.tanh(x);
      return { value, tangent: tf.mul(tf.exp(logSlope(x)), v) };
    },
  };
}

/** How far rows of y [B, d] lie outside of what `tanhChart` inverts: max_i (|y_i| - (1 - 2^-23)) where positive, else 0; [B]. */
export function tanhDomainError(y: tf.Tensor): tf.Tensor {
  return tf.max(tf.maximum(tf.sub(tf.abs(y), tanhDomain), 0), 1);
}

/** ln tanh'(x), entry by entry. */
function logSlope(x: tf.Tensor): tf.Tensor {
  return tf.mul(2, tf.sub(tf.sub(preciseConstant(Math.LN2), x), tf.softplus(tf.mul(-2, x))));
}
