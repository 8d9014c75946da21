/**
 * The Gaussian negative log-likelihood with a predicted variance: y ~ N(m, e^s) by entry, s the log-variance. One output tensor
 * holds both, so that a single cotangent serves: [B, ..., 2 D] is means [B, ..., D], then log-variances [B, ..., D].
 *   -log p = 1/2 [ (y - m)^2 e^-s + s + log 2 pi ] in nats
 */
import * as tf from '@tensorflow/tfjs-core';
import { masked, sumOverExample, type LossOptions } from './sum-over-example.ts';

/** Outputs [B, ..., 2 D] and targets [B, ..., D] -> [B] nats. */
export function gaussianNll(outputs: tf.Tensor, targets: tf.Tensor, options: LossOptions = {}): tf.Tensor {
  const [mean, logVariance] = halves(outputs);
  const distance = tf.mul(tf.squaredDifference(targets, mean), tf.exp(tf.neg(logVariance)));
  return tf.mul(0.5, sumOverExample(tf.add(tf.add(distance, logVariance), Math.log(2 * Math.PI)), options));
}

/**
 * d/d(m, s) of -log p(y~) for y~ = m + e^(s/2) n, n a standard normal draw [B, entries of m]: -n e^(-s/2) and (1 - n^2) / 2,
 * side by side [B, ..., 2 D] as the outputs. Its second moment is diag(e^-s, 1/2), the Fisher matrix of the output.
 */
export function sampledGaussianCotangent(outputs: tf.Tensor, normal: tf.Tensor, options: LossOptions = {}): tf.Tensor {
  const [mean, logVariance] = halves(outputs);
  const n = tf.reshape(normal, mean.shape);
  const toMean = tf.neg(tf.mul(n, tf.exp(tf.mul(-0.5, logVariance))));
  const toLogVariance = tf.mul(0.5, tf.sub(1, tf.square(n)));
  return tf.concat([masked(toMean, options), masked(toLogVariance, options)], -1);
}

function halves(outputs: tf.Tensor): [tf.Tensor, tf.Tensor] {
  const [mean, logVariance] = tf.split(outputs, 2, -1);
  return [mean, logVariance];
}
