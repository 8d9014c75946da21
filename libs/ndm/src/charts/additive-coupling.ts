/**
 * Additive coupling (Dinh et al. 2014, NICE): y_a = x_a, y_b = x_b + t(x_a) with t = tanh(x_a W_1 + b_1) W_2 + b_2. The affine coupling
 * with s = 0: it keeps volume, log |det| = 0. W_2 and b_2 start at zero, so that a new coupling is the identity.
 */
import * as tf from '@tensorflow/tfjs-core';
import { dense, type Tensors } from '@geodesic/nn';
import { unitVolume, type ChartMap } from './chart-map.ts';
import type { AffineCouplingOptions } from './affine-coupling.ts';
import { columns, merge, requireParts } from './coordinate-parts.ts';

/**
 * Describes an additive coupling; its dense layers are `<name>.hidden` [|a|, hidden] and `<name>.shift` [hidden, |b|].
 * @throws {ModelError} unless kept and moved have each coordinate once
 */
export function additiveCoupling(options: Omit<AffineCouplingOptions, 'scaleMax'>): ChartMap {
  const { name, kept, moved } = options;
  requireParts(name, options);
  const hidden = dense({ name: `${name}.hidden`, inputs: kept.length, outputs: options.hidden });
  const zeros = { kind: 'constant', value: 0 } as const;
  const shift = dense({ name: `${name}.shift`, inputs: options.hidden, outputs: moved.length, weightInitializer: zeros });
  const activity = (t: Tensors, xa: tf.Tensor): tf.Tensor => tf.tanh(hidden.apply(t, xa));
  const moveBy =
    (add: (xb: tf.Tensor, by: tf.Tensor) => tf.Tensor): ChartMap['forward'] =>
    (t, x) => {
      const xa = columns(x, kept);
      return unitVolume(merge(xa, kept, add(columns(x, moved), shift.apply(t, activity(t, xa))), moved));
    };
  return {
    inputs: kept.length + moved.length,
    outputs: kept.length + moved.length,
    isometry: false,
    parameters: [...hidden.parameters, ...shift.parameters],
    layers: [...hidden.entries, ...shift.entries],
    forward: moveBy((xb, by) => tf.add(xb, by)),
    inverse: moveBy((yb, by) => tf.sub(yb, by)),
    pushForward: (t, x, v) => {
      const [xa, va] = [columns(x, kept), columns(v, kept)];
      const h = activity(t, xa);
      const dh = tf.mul(tf.sub(1, tf.square(h)), tf.matMul(va, t[`${name}.hidden.weight`]));
      const tangent = tf.add(columns(v, moved), tf.matMul(dh, t[`${name}.shift.weight`]));
      return {
        value: merge(xa, kept, tf.add(columns(x, moved), shift.apply(t, h)), moved),
        tangent: merge(va, kept, tangent, moved),
      };
    },
  };
}
