/**
 * Numbers that float32 cannot hold, in a graph that may run in float64: a traced number is stored in float32, so that the rest is added.
 */
import * as tf from '@tensorflow/tfjs-core';

/** A constant to about 48 bits where the graph runs in float64, its float32 value otherwise. */
export function preciseConstant(value: number): tf.Tensor {
  const high = Math.fround(value);
  return tf.add(high, value - high);
}
