/**
 * Derivatives of chart maps inside traced functions: J^T u by reverse accumulation, J v by reversing twice where no closed form is at
 * hand, Jacobians by the axes, and the volume of an embedding's image by the Gram determinant 1/2 log det(J^T g J).
 * x [B, k], y [B, n], J = dy/dx [B, n, k] row by row.
 */
import * as tf from '@tensorflow/tfjs-core';
import { logDet } from '@geodesic/engine/trace';
import type { Tensors } from '@geodesic/nn';
import type { ChartMap } from './chart-map.ts';

/** What the derivative of a map needs of it. */
type Differential = Pick<ChartMap, 'inputs' | 'pushForward'>;

/** J(x)^T u [B, inputs] for u [B, outputs]: the transpose of `pushForward`, by the derivative rules of the graph. */
export function pullBack(map: Pick<ChartMap, 'forward'>, t: Tensors, at: { readonly x: tf.Tensor; readonly u: tf.Tensor }): tf.Tensor {
  return tf.grad((x: tf.Tensor) => tf.sum(tf.mul(map.forward(t, x).value, at.u)))(at.x);
}

/**
 * J(x) v for any smooth function of rows, as the derivative of u -> J^T u, which is linear in u, along v. About three evaluations of f;
 * the closed forms of `ChartMap.pushForward` take two.
 */
export function pushForwardByReverse(f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor, v: tf.Tensor): tf.Tensor {
  const transposed = (u: tf.Tensor): tf.Tensor => tf.grad((point: tf.Tensor) => tf.sum(tf.mul(f(point), u)))(x);
  return tf.grad((u: tf.Tensor) => tf.sum(tf.mul(transposed(u), v)))(tf.zerosLike(f(x)));
}

/** The Jacobian [B, outputs, inputs] at rows x [B, inputs]: one push-forward of the inputs' axes at every row, B * inputs rows at once. */
export function jacobianOf(map: Differential, t: Tensors, x: tf.Tensor): tf.Tensor {
  const [rows, k] = [x.shape[0], map.inputs];
  const points = tf.reshape(tf.tile(tf.expandDims(x, 1), [1, k, 1]), [rows * k, k]);
  const { tangent } = map.pushForward(t, points, tf.tile(tf.eye(k), [rows, 1]));
  return tf.transpose(tf.reshape(tangent, [rows, k, -1]), [0, 2, 1]);
}

/** The pull-back J^T g J [B, k, k] of a metric by a Jacobian [B, n, k]; `multiply` maps columns V [B, n, k] to g V, default g = I. */
export function pulledBackMetric(jacobian: tf.Tensor, multiply: (columns: tf.Tensor) => tf.Tensor = (columns) => columns): tf.Tensor {
  return tf.matMul(jacobian, multiply(jacobian), true, false);
}

/**
 * The log-volume 1/2 log det(J^T g J) [B] of a map of full column rank, in nats: what an embedding makes of a unit volume.
 * A push-forward of B k rows, and O(k^3) for each row. The native executor takes k <= 32.
 * @see golden/01 `dimension_change`
 */
export function gramLogVolume(
  map: Differential,
  t: Tensors,
  at: { readonly x: tf.Tensor; readonly multiply?: (columns: tf.Tensor) => tf.Tensor },
): tf.Tensor {
  return tf.mul(0.5, logDet(pulledBackMetric(jacobianOf(map, t, at.x), at.multiply)));
}
