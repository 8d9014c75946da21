/**
 * A field g = diag(D) + U U^T at the rows of a batch, by the Woodbury identity: with K = I + U^T D^-1 U,
 *   g^-1 w = D^-1 w - D^-1 U K^-1 U^T D^-1 w,   log det g = sum ln D + log det K,
 * O(d r + r^3) for each row and no [d, d] matrix. B rows, d coordinates, r rank; D [B, d], U [B, d, r].
 */
import * as tf from '@tensorflow/tfjs-core';
import { logDet, spdInverse } from '@geodesic/engine/trace';
import type { MetricField } from './metric-field.ts';

/** The parts of g = diag(D) + U U^T at a batch of points. */
export interface LowRankParts {
  /** [B, d], positive. */
  readonly diagonal: tf.Tensor;
  /** [B, d, r] */
  readonly factor: tf.Tensor;
}

/**
 * The field of given parts; a draw takes d + r normals.
 *
 * Limitations: the native executor inverts capacitances of r <= 32.
 */
export class LowRankField implements MetricField, LowRankParts {
  readonly diagonal: tf.Tensor;
  readonly factor: tf.Tensor;

  constructor({ diagonal, factor }: LowRankParts) {
    this.diagonal = diagonal;
    this.factor = factor;
  }

  multiply(w: tf.Tensor): tf.Tensor {
    const inward = tf.matMul(this.factor, tf.expandDims(w, 2), true, false);
    return tf.add(tf.mul(this.diagonal, w), tf.squeeze(tf.matMul(this.factor, inward), [2]));
  }

  solve(w: tf.Tensor): tf.Tensor {
    const { k, scaled } = capacitance(this);
    const projected = tf.matMul(scaled, tf.expandDims(w, 2), true, false);
    const correction = tf.matMul(scaled, tf.matMul(spdInverse(k), projected));
    return tf.sub(tf.div(w, this.diagonal), tf.squeeze(correction, [2]));
  }

  halfLogDet(): tf.Tensor {
    return halfLogDet(this);
  }

  draw(normals: tf.Tensor): tf.Tensor {
    const [, d, r] = this.factor.shape as [number, number, number];
    const [e1, e2] = tf.split(normals, [d, r], 1);
    return drawFromMetric(this, e1, e2);
  }

  /** g^-1 times a draw from N(0, g): its covariance is g^-1 g g^-1. */
  drawInverse(normals: tf.Tensor): tf.Tensor {
    return this.solve(this.draw(normals));
  }
}

/** The capacitance K = I + U^T D^-1 U [B, r, r] and D^-1 U [B, d, r]. */
function capacitance({ diagonal, factor }: LowRankParts): { k: tf.Tensor; scaled: tf.Tensor } {
  const scaled = tf.div(factor, tf.expandDims(diagonal, 2));
  const rank = factor.shape[2]!;
  return { k: tf.add(tf.eye(rank), tf.matMul(factor, scaled, true, false)), scaled };
}

/** 1/2 log det g [B] in nats, by the matrix determinant lemma. */
export function halfLogDet(field: LowRankParts): tf.Tensor {
  return tf.mul(0.5, tf.add(tf.sum(tf.log(field.diagonal), 1), logDet(capacitance(field).k)));
}

/** s^T g^-1 s [B] for s [B, d], by the Woodbury identity. */
export function inverseQuadratic(field: LowRankParts, s: tf.Tensor): tf.Tensor {
  const { k, scaled } = capacitance(field);
  const projected = tf.matMul(scaled, tf.expandDims(s, 2), true, false);
  const correction = tf.sum(tf.mul(projected, tf.matMul(spdInverse(k), projected)), [1, 2]);
  return tf.sub(tf.sum(tf.div(tf.square(s), field.diagonal), 1), correction);
}

/** Draws from N(0, g): D^{1/2} e1 + U e2 for standard normal e1 [B, d], e2 [B, r]. */
export function drawFromMetric(field: LowRankParts, e1: tf.Tensor, e2: tf.Tensor): tf.Tensor {
  const spread = tf.squeeze(tf.matMul(field.factor, tf.expandDims(e2, 2)), [2]);
  return tf.add(tf.mul(tf.sqrt(field.diagonal), e1), spread);
}
