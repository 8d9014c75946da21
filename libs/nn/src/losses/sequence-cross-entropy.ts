/**
 * The softmax cross-entropy of sequences: a class at every position, added up over the positions of an example, in nats.
 * z [B, T, K] logits, labels int32 [B, T].
 */
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy, hits, sampledLabelCotangent } from './categorical.ts';
import { masked, sumOverExample, type LossOptions } from './sum-over-example.ts';

/** Logits [B, T, K] and labels [B, T] -> [B] nats. */
export function sequenceCrossEntropy(logits: tf.Tensor, labels: tf.Tensor, options: LossOptions = {}): tf.Tensor {
  return sumOverExample(tf.reshape(crossEntropy(flat(logits), tf.reshape(labels, [-1])), labels.shape), options);
}

/** The share of positions where the largest logit is the label's, of those that the mask keeps: [B]. */
export function sequenceHits(logits: tf.Tensor, labels: tf.Tensor, options: LossOptions = {}): tf.Tensor {
  const found = tf.reshape(hits(flat(logits), tf.reshape(labels, [-1])), labels.shape);
  const { mask = tf.onesLike(found) } = options;
  return tf.div(sumOverExample(found, { mask }), tf.maximum(tf.sum(mask, 1), 1));
}

/** p - onehot(y~) at every position for sampled labels y~; `uniform` [B, T] in (0, 1) -> [B, T, K]. */
export function sampledSequenceCotangent(logits: tf.Tensor, uniform: tf.Tensor, options: LossOptions = {}): tf.Tensor {
  return masked(tf.reshape(sampledLabelCotangent(flat(logits), tf.reshape(uniform, [-1, 1])), logits.shape), options);
}

function flat(logits: tf.Tensor): tf.Tensor {
  return tf.reshape(logits, [-1, logits.shape[logits.rank - 1]]);
}
