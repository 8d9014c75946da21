/**
 * Sequences of different lengths under static shapes: examples are padded to T positions, and a mask [B, T] of 1 and 0 says which
 * positions are real. What is computed at padding is finite and then left out.
 */
import * as tf from '@tensorflow/tfjs-core';

/** 1 at the first `lengths` positions of each row, 0 behind: lengths [B] (int32 or whole floats) -> [B, T] float32. */
export function lengthMask(lengths: tf.Tensor, positions: number): tf.Tensor {
  const at = tf.reshape(tf.range(0, positions, 1, 'float32'), [1, positions]);
  return tf.cast(tf.less(at, tf.reshape(tf.cast(lengths, 'float32'), [-1, 1])), 'float32');
}

/** 1 where an id is not the padding id: ids [B, T] (int32 or whole floats) -> [B, T] float32. */
export function paddingMask(ids: tf.Tensor, paddingId: number): tf.Tensor {
  return tf.cast(tf.notEqual(tf.cast(ids, 'int32'), tf.scalar(paddingId, 'int32')), 'float32');
}

/** The sum over positions of values [B, T] or [B, T, ...] at real positions -> [B, ...]. Without a mask all are real. */
export function maskedSum(values: tf.Tensor, mask?: tf.Tensor): tf.Tensor {
  return tf.sum(mask === undefined ? values : tf.mul(values, spread(mask, values.rank)), 1);
}

/** The mean over real positions of values [B, T, ...] -> [B, ...]; a row without real positions gives zero. */
export function maskedMean(values: tf.Tensor, mask?: tf.Tensor): tf.Tensor {
  if (mask === undefined) return tf.mean(values, 1);
  const count = tf.maximum(tf.sum(mask, 1), 1);
  return tf.div(maskedSum(values, mask), spread(count, values.rank - 1));
}

/** A tensor with axes of size 1 behind, so that it has this rank. */
function spread(tensor: tf.Tensor, rank: number): tf.Tensor {
  return tf.reshape(tensor, [...tensor.shape, ...Array<number>(rank - tensor.rank).fill(1)]);
}
