/**
 * Half the squared distance, 1/2 |f - y|^2: minus the log-density of N(f, I) at y without its constant, in nats.
 */
import * as tf from '@tensorflow/tfjs-core';
import { masked, sumOverExample, type LossOptions } from './sum-over-example.ts';

/** Predictions and targets [B, ...] -> [B] nats. */
export function squaredError(predictions: tf.Tensor, targets: tf.Tensor, options: LossOptions = {}): tf.Tensor {
  return tf.mul(0.5, sumOverExample(tf.squaredDifference(predictions, targets), options));
}

/**
 * d/df of 1/2 |f - y~|^2 for y~ ~ N(f, I): minus a standard normal draw, [B, ...] as the predictions. `normal` [B, entries of an
 * example]. Its second moment is the identity, the Fisher matrix of the output.
 */
export function sampledSquaredErrorCotangent(predictions: tf.Tensor, normal: tf.Tensor, options: LossOptions = {}): tf.Tensor {
  return masked(tf.neg(tf.reshape(normal, predictions.shape)), options);
}
