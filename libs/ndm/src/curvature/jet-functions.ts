/**
 * Smooth functions of jets (two-jet.ts), elementwise. All derivatives are written in the value that the function itself gives, so that
 * a jet costs one transcendental function, and none of them overflows where the function does not.
 */
import * as tf from '@tensorflow/tfjs-core';
import { unary, type TwoJet } from './two-jet.ts';

/** tanh a; z' = 1 - z^2, z'' = -2 z z'. */
export function tanh(a: TwoJet): TwoJet {
  return unary(a, (x) => {
    const z = tf.tanh(x);
    const slope = (): tf.Tensor => tf.sub(1, tf.square(z));
    return { value: z, first: slope, second: () => tf.mul(tf.mul(-2, z), slope()) };
  });
}

/** e^a. */
export function exp(a: TwoJet): TwoJet {
  return unary(a, (x) => {
    const value = tf.exp(x);
    return { value, first: () => value, second: () => value };
  });
}

/** 1 / (1 + e^-a); s' = s (1 - s), s'' = s' (1 - 2 s). */
export function sigmoid(a: TwoJet): TwoJet {
  return unary(a, (x) => {
    const s = tf.sigmoid(x);
    return { value: s, first: () => slopeOfSigmoid(s), second: () => tf.mul(slopeOfSigmoid(s), tf.sub(1, tf.mul(2, s))) };
  });
}

/** ln(1 + e^a), whose derivative is the sigmoid. */
export function softplus(a: TwoJet): TwoJet {
  return unary(a, (x) => {
    const s = (): tf.Tensor => tf.sigmoid(x);
    return { value: tf.softplus(x), first: s, second: () => slopeOfSigmoid(s()) };
  });
}

/** a^2. */
export function square(a: TwoJet): TwoJet {
  return unary(a, (x) => ({ value: tf.square(x), first: () => tf.mul(2, x), second: () => tf.mul(2, tf.onesLike(x)) }));
}

/** The square root of a > 0; s' = 1 / (2 s), s'' = -s'^2 / s. */
export function squareRoot(a: TwoJet): TwoJet {
  return unary(a, (x) => {
    const s = tf.sqrt(x);
    const slope = (): tf.Tensor => tf.div(0.5, s);
    return { value: s, first: slope, second: () => tf.neg(tf.div(tf.square(slope()), s)) };
  });
}

function slopeOfSigmoid(s: tf.Tensor): tf.Tensor {
  return tf.mul(s, tf.sub(1, s));
}
