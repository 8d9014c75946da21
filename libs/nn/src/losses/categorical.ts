/**
 * The softmax classification task: cross-entropy of each example, hits, and the cotangent of a sampled label.
 * z [B, K] logits, p = softmax(z); all values are per example and in nats, never averaged.
 */
import * as tf from '@tensorflow/tfjs-core';

/** -log p_y for each row: logits [B, K], labels int32 [B] -> [B] nats. */
export function crossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  const classes = logits.shape[1]!;
  const picked = tf.mul(tf.logSoftmax(logits), tf.oneHot(labels as tf.Tensor1D, classes, 1, 0, 'float32'));
  return tf.neg(tf.sum(picked, 1));
}

/**
 * The cross-entropy to smoothed labels, (1 - e) onehot(y) + e / K (Szegedy et al. 2016): [B] nats. Its minimum is a finite logit, so the
 * output's Fisher matrix does not vanish as the fit becomes good. e = 0 is the plain cross-entropy.
 */
export function smoothedCrossEntropy(logits: tf.Tensor, labels: tf.Tensor, smoothing: number): tf.Tensor {
  const plain = crossEntropy(logits, labels);
  if (smoothing === 0) return plain;
  const even = tf.neg(tf.div(tf.sum(tf.logSoftmax(logits), 1), logits.shape[1]!));
  return tf.add(tf.mul(1 - smoothing, plain), tf.mul(smoothing, even));
}

/** 1 where the largest logit is the label's, else 0: [B]. Ties go to the first class. */
export function hits(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  return tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32');
}

/**
 * d/dz of -log p(y~ | x) for a label y~ ~ p(. | x): p - onehot(y~), [B, K]. Its second moment is the Fisher matrix of the output
 * (Martens and Grosse 2015, section 5). The label is drawn by inverting the cumulative distribution at `uniform` [B, 1] in (0, 1).
 * The intervals share their end points, so that exactly one class is drawn whatever the rounding of the sums.
 */
export function sampledLabelCotangent(logits: tf.Tensor, uniform: tf.Tensor): tf.Tensor {
  const [rows, classes] = logits.shape as [number, number];
  const probabilities = tf.softmax(logits);
  const inner = tf.slice(tf.cumsum(probabilities, 1), [0, 0], [rows, classes - 1]);
  const lower = tf.concat([tf.zeros([rows, 1]), inner], 1);
  const upper = tf.concat([inner, tf.mul(2, tf.ones([rows, 1]))], 1);
  const drawn = tf.logicalAnd(tf.lessEqual(lower, uniform), tf.less(uniform, upper));
  return tf.sub(probabilities, tf.cast(drawn, 'float32'));
}
