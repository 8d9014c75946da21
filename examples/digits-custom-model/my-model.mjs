/**
 * A residual network for 8x8 digits, trained by the focal loss: a model of one's own is a table of parameters and two functions
 * in ordinary TensorFlow.js. It runs once, on this machine, to be recorded as a graph; workers never see this file.
 */
import * as tf from '@tensorflow/tfjs-core';

export function model({ options: { width, focus }, data: { featureShape, classes } }) {
  const pixels = featureShape.reduce((product, size) => product * size, 1);
  const dense = (t, name, x) => tf.add(tf.matMul(x, t[`${name}/kernel`]), t[`${name}/bias`]);
  return {
    parameters: {
      'lift/kernel': { shape: [pixels, width] },
      'lift/bias': { shape: [width] },
      'mix/kernel': { shape: [width, width], initializer: { normal: 0.05 } },
      'mix/bias': { shape: [width] },
      'head/kernel': { shape: [width, classes] },
      'head/bias': { shape: [classes] },
    },

    /** Parameters by name and x [B, pixels] -> logits [B, classes]. */
    forward(t) {
      const lifted = tf.tanh(dense(t, 'lift', t.x));
      const mixed = tf.add(lifted, tf.tanh(dense(t, 'mix', lifted)));
      return dense(t, 'head', mixed);
    },

    /** -(1 - p)^focus log p, with p the probability of the label: what is learned already weighs little (Lin et al. 2017). One number an example. */
    loss(logits, y) {
      const logP = tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(y, classes)), 1);
      return tf.mul(tf.neg(logP), tf.pow(tf.sub(1, tf.exp(logP)), focus));
    },

    // The logits are those of a softmax, so K-FAC can draw labels from the model for its Fisher matrix.
    likelihood: 'softmax',
  };
}
