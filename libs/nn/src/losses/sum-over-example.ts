/**
 * The reduction of all losses: entries of one example are added up, so that a loss is minus a log-likelihood of the whole example.
 */
import * as tf from '@tensorflow/tfjs-core';

/** What every loss takes. */
export interface LossOptions {
  /** Weights of entries, such as a length mask [B, T]: of the target's leading axes, its trailing axes are shared. Default: all 1. */
  readonly mask?: tf.Tensor;
}

/** Values [B, ...] times the mask, if any, of the same shape. */
export function masked(values: tf.Tensor, { mask }: LossOptions): tf.Tensor {
  if (mask === undefined) return values;
  return tf.mul(values, tf.reshape(mask, [...mask.shape, ...Array<number>(values.rank - mask.rank).fill(1)]));
}

/** Values [B, ...] -> [B], added up over all axes but the first. */
export function sumOverExample(values: tf.Tensor, options: LossOptions): tf.Tensor {
  const weighted = masked(values, options);
  return weighted.rank === 1 ? weighted : tf.sum(tf.reshape(weighted, [weighted.shape[0], -1]), 1);
}
