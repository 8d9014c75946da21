/**
 * Affine coupling (Dinh et al. 2017): with x = (x_a, x_b), h = tanh(x_a W_1 + b_1), [raw | t] = h W_2 + b_2,
 * s = s_max tanh(raw / s_max): y_a = x_a, y_b = x_b e^s + t, log |det| = sum s. The bound on s bounds |log det| by s_max |b|.
 * W_2 and b_2 start at zero, so that a new coupling is the identity. tanh keeps the map smooth: curvature is defined everywhere.
 */
import * as tf from '@tensorflow/tfjs-core';
import { dense, type Tensors } from '@geodesic/nn';
import type { ChartMap } from './chart-map.ts';

/** Which coordinates stay (a) and which move (b), and the size of the net between them. */
export interface AffineCouplingOptions {
  readonly name: string;
  /** Indices of x_a. */
  readonly kept: readonly number[];
  /** Indices of x_b. */
  readonly moved: readonly number[];
  readonly hidden: number;
  /** s_max > 0. */
  readonly scaleMax: number;
}

/** Describes a coupling; its dense layers are `<name>.hidden` [|a|, hidden] and `<name>.affine` [hidden, 2 |b|]. */
export function affineCoupling(options: AffineCouplingOptions): ChartMap {
  const { name, kept, moved, scaleMax } = options;
  const zeros = { kind: 'constant', value: 0 } as const;
  const hidden = dense({ name: `${name}.hidden`, inputs: kept.length, outputs: options.hidden });
  const affine = dense({ name: `${name}.affine`, inputs: options.hidden, outputs: 2 * moved.length, weightInitializer: zeros });
  const net = (t: Tensors, xa: tf.Tensor): { s: tf.Tensor; shift: tf.Tensor } => {
    const [raw, shift] = tf.split(affine.apply(t, tf.tanh(hidden.apply(t, xa))), 2, 1);
    return { s: tf.mul(scaleMax, tf.tanh(tf.div(raw, scaleMax))), shift };
  };
  return {
    parameters: [...hidden.parameters, ...affine.parameters],
    layers: [...hidden.entries, ...affine.entries],
    forward: (t, x) => {
      const xa = columns(x, kept);
      const { s, shift } = net(t, xa);
      const yb = tf.add(tf.mul(columns(x, moved), tf.exp(s)), shift);
      return { value: merge(xa, kept, yb, moved), logDet: tf.sum(s, 1) };
    },
    inverse: (t, y) => {
      const ya = columns(y, kept);
      const { s, shift } = net(t, ya);
      const xb = tf.mul(tf.sub(columns(y, moved), shift), tf.exp(tf.neg(s)));
      return { value: merge(ya, kept, xb, moved), logDet: tf.neg(tf.sum(s, 1)) };
    },
  };
}

/** Columns of x by index; a slice where they are consecutive, since that costs no gather. */
function columns(x: tf.Tensor, indices: readonly number[]): tf.Tensor {
  if (indices.every((index, i) => index === indices[0] + i)) return tf.slice(x, [0, indices[0]], [x.shape[0], indices.length]);
  return tf.gather(x, tf.tensor1d([...indices], 'int32'), 1);
}

/** Puts the columns of two parts back in their places. */
function merge(a: tf.Tensor, aIndices: readonly number[], b: tf.Tensor, bIndices: readonly number[]): tf.Tensor {
  const order = [...aIndices, ...bIndices];
  const joined = tf.concat([a, b], 1);
  if (order.every((index, i) => index === i)) return joined;
  if ([...bIndices, ...aIndices].every((index, i) => index === i)) return tf.concat([b, a], 1);
  const places = order.map((_, column) => order.indexOf(column));
  return tf.gather(joined, tf.tensor1d(places, 'int32'), 1);
}
