/**
 * The isometry defect of a map phi between charts with metrics of their own: per example, for a tangent vector v,
 *   [ v^T g_l v - (J v)^T g_{l+1}(phi x) (J v) ]^2 / (v^T g_l v)^2,
 * zero for all v iff phi is an isometry at x: what makes charts of one manifold agree. It does not depend on the length of v; draw v from
 * N(0, g_l^-1) so that it does not depend on coordinates either. Source: spec A3.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { MetricField } from '../metrics/metric-field.ts';

/** The metrics at both ends of a map, and a vector with its image under the map's derivative. */
export interface MappedVector {
  /** g_l at x. */
  readonly from: MetricField;
  /** g_{l+1} at phi(x). */
  readonly to: MetricField;
  /** v [B, d]. */
  readonly v: tf.Tensor;
  /** J v [B, d'], as `ChartMap.pushForward` gives it. */
  readonly image: tf.Tensor;
}

/** The defect's per-example term [B]. */
export function isometryDefect({ from, to, v, image }: MappedVector): tf.Tensor {
  const length = squaredLength(from, v);
  return tf.square(tf.div(tf.sub(length, squaredLength(to, image)), length));
}

function squaredLength(field: MetricField, w: tf.Tensor): tf.Tensor {
  return tf.sum(tf.mul(w, field.multiply(w)), 1);
}
