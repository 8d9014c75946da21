/**
 * Numbers in [0, 1] as tokens: each value is rounded to one of a few levels, whose number is its id.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Model } from '../model.ts';

/** A model of token ids in [0, levels) as one of features in [0, 1]. */
export function withGreyLevels({ features: _features, ...model }: Model, levels: number): Model {
  const idsOf = (x: tf.Tensor): tf.Tensor => tf.clipByValue(tf.round(tf.mul(x, levels - 1)), 0, levels - 1);
  return { ...model, forward: (tensors, mode) => model.forward({ ...tensors, x: idsOf(tensors.x) }, mode) };
}
