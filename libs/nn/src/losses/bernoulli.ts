/**
 * The Bernoulli cross-entropy of logits z: -y log s(z) - (1 - y) log s(-z) = softplus(z) - y z, in nats; s the logistic function.
 * Targets may be shares in [0, 1], as grey values are.
 */
import * as tf from '@tensorflow/tfjs-core';
import { masked, sumOverExample, type LossOptions } from './sum-over-example.ts';

/** Logits and targets [B, ...] -> [B] nats; finite for any finite logit. */
export function bernoulliCrossEntropy(logits: tf.Tensor, targets: tf.Tensor, options: LossOptions = {}): tf.Tensor {
  return sumOverExample(tf.sub(tf.softplus(logits), tf.mul(targets, logits)), options);
}

/**
 * d/dz of -log p(y~ | z) for y~ ~ Bernoulli(s(z)) by entry: s(z) - y~, [B, ...] as the logits. y~ is 1 where `uniform`
 * [B, entries of an example] in (0, 1) is below s(z). Its second moment is diag(s (1 - s)), the Fisher matrix of the output.
 */
export function sampledBernoulliCotangent(logits: tf.Tensor, uniform: tf.Tensor, options: LossOptions = {}): tf.Tensor {
  const probability = tf.sigmoid(logits);
  const drawn = tf.cast(tf.less(tf.reshape(uniform, logits.shape), probability), 'float32');
  return masked(tf.sub(probability, drawn), options);
}
