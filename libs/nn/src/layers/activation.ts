/**
 * Elementwise activations, by name, as functions and as layers. All are smooth to any order except relu, and elu at 0.
 */
import * as tf from '@tensorflow/tfjs-core';
import { gelu } from '@geodesic/engine/trace';
import { emptyTables, type Layer } from '../layer.ts';

/** An activation; `gelu` is exact (erf), `gelu-tanh` the usual approximation (Hendrycks and Gimpel 2016). */
export type ActivationName = 'linear' | 'relu' | 'gelu' | 'gelu-tanh' | 'silu' | 'elu' | 'softplus' | 'tanh' | 'sigmoid';

/** Applies an activation to every entry. */
export function activate(name: ActivationName, x: tf.Tensor): tf.Tensor {
  switch (name) {
    case 'linear':
      return x;
    case 'relu':
      return tf.relu(x);
    case 'gelu':
      return gelu(x);
    case 'gelu-tanh': {
      const cubic = tf.add(x, tf.mul(0.044715, tf.mul(x, tf.square(x))));
      return tf.mul(tf.mul(0.5, x), tf.add(1, tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), cubic))));
    }
    case 'silu':
      return tf.mul(x, tf.sigmoid(x));
    case 'elu':
      return tf.elu(x);
    case 'softplus':
      return tf.softplus(x);
    case 'tanh':
      return tf.tanh(x);
    case 'sigmoid':
      return tf.sigmoid(x);
  }
}

/** Describes an activation as a layer without parameters. */
export function activation(name: ActivationName): Layer {
  return { ...emptyTables, apply: (_, x) => activate(name, x) };
}
