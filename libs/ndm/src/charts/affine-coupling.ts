/**
 * Affine coupling (Dinh et al. 2017): with x = (x_a, x_b), h = tanh(x_a W_1 + b_1), [raw | t] = h W_2 + b_2,
 * s = s_max tanh(raw / s_max): y_a = x_a, y_b = x_b e^s + t, log |det| = sum s. The bound on s bounds |log det| by s_max |b|.
 * W_2 and b_2 start at zero, so that a new coupling is the identity. tanh keeps the map smooth: curvature is defined everywhere.
 */
import * as tf from '@tensorflow/tfjs-core';
import { dense, ModelError, type Tensors } from '@geodesic/nn';
import type { ChartMap } from './chart-map.ts';
import { columns, merge, requireParts } from './coordinate-parts.ts';

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

/**
 * Describes a coupling; its dense layers are `<name>.hidden` [|a|, hidden] and `<name>.affine` [hidden, 2 |b|].
 * @throws {ModelError} unless kept and moved have each coordinate once and s_max is positive
 * @see couplingBounds
 */
export function affineCoupling(options: AffineCouplingOptions): ChartMap {
  const { name, kept, moved, scaleMax } = options;
  requireParts(name, options);
  if (!(scaleMax > 0)) throw new ModelError(name, 'scaleMax > 0', String(scaleMax));
  const zeros = { kind: 'constant', value: 0 } as const;
  const hidden = dense({ name: `${name}.hidden`, inputs: kept.length, outputs: options.hidden });
  const affine = dense({ name: `${name}.affine`, inputs: options.hidden, outputs: 2 * moved.length, weightInitializer: zeros });
  const net = (t: Tensors, xa: tf.Tensor): { h: tf.Tensor; squashed: tf.Tensor; s: tf.Tensor; shift: tf.Tensor } => {
    const h = tf.tanh(hidden.apply(t, xa));
    const [raw, shift] = tf.split(affine.apply(t, h), 2, 1);
    const squashed = tf.tanh(tf.div(raw, scaleMax));
    return { h, squashed, s: tf.mul(scaleMax, squashed), shift };
  };
  return {
    inputs: kept.length + moved.length,
    outputs: kept.length + moved.length,
    isometry: false,
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
    // dy_a = v_a, dy_b = e^s (v_b + x_b ds) + dt, with ds and dt from v_a through the net.
    pushForward: (t, x, v) => {
      const [xa, xb, va, vb] = [columns(x, kept), columns(x, moved), columns(v, kept), columns(v, moved)];
      const { h, squashed, s, shift } = net(t, xa);
      const dh = tf.mul(slope(h), tf.matMul(va, t[`${name}.hidden.weight`]));
      const [draw, dshift] = tf.split(tf.matMul(dh, t[`${name}.affine.weight`]), 2, 1);
      const scale = tf.exp(s);
      const tangent = tf.add(tf.mul(scale, tf.add(vb, tf.mul(xb, tf.mul(slope(squashed), draw)))), dshift);
      return { value: merge(xa, kept, tf.add(tf.mul(xb, scale), shift), moved), tangent: merge(va, kept, tangent, moved) };
    },
  };
}

/** tanh' from the value of tanh. */
function slope(tanh: tf.Tensor): tf.Tensor {
  return tf.sub(1, tf.square(tanh));
}

/** What holds for a coupling whatever its parameters. */
export interface CouplingBounds {
  /** |log det J| is at most this, in nats. */
  readonly logDet: number;
  /** sigma_max(J) is at most this plus the spectral norm of C = dy_b / dx_a. */
  readonly scale: number;
}

/**
 * Bounds of an affine coupling by construction: |log det J| <= s_max |b| and sigma_max(J) <= max(1, e^s_max) + |C|, since
 * J = [[I, 0], [C, diag e^s]] is a diagonal matrix plus C. An additive coupling is the case s_max = 0.
 * @see spec A1
 */
export function couplingBounds({ moved, scaleMax }: { readonly moved: readonly number[]; readonly scaleMax: number }): CouplingBounds {
  return { logDet: scaleMax * moved.length, scale: Math.max(1, Math.exp(scaleMax)) };
}
