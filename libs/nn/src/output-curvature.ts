/**
 * The Hessian H of a loss in the model's output, as products and as roots (H = sum_k root_k root_k^T), block-diagonal over examples:
 *   softmax    p . u - p (p^T u);  sqrt(p_k) (e_k - p)   for every distribution over K classes; independent of the target, smoothed or not
 *   diagonal   h . u;              sqrt(h_k) e_k          for losses that add up over entries
 * For exponential families in their natural parameters H is the Fisher information of the output too.
 * Source: Martens and Grosse 2015; Dangel et al. 2023.
 */
import type { Shape } from '@geodesic/tensor';
import { sizeOf } from '@geodesic/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { masked, type LossOptions } from './losses/sum-over-example.ts';
import type { Tensors } from './model.ts';
import type { OutputCurvature } from './task.ts';

/** Weights of entries, from the tensors of a step. */
type MaskOf = (tensors: Tensors) => LossOptions;

/** The cross-entropy of logits [B, ..., K] at the positions of `positions`, default a single one; roots: positions x K. */
export function softmaxCurvature(options: {
  readonly output: string;
  readonly classes: number;
  readonly positions?: number;
  readonly mask?: MaskOf;
}): OutputCurvature {
  const { output, classes, positions = 1, mask = () => ({}) } = options;
  return {
    output,
    product: (t) => {
      const p = tf.softmax(t[output]);
      const curved = tf.sub(tf.mul(p, t.tangent), tf.mul(p, tf.sum(tf.mul(p, t.tangent), -1, true)));
      return { product: masked(curved, mask(t)) };
    },
    roots: positions * classes,
    rootsOf: (t) => {
      const shape = t[output].shape.slice(1);
      const weights = rootOfMask(mask(t));
      const p = tf.softmax(t[output]);
      return namedRoots(positions * classes, (k) => {
        // The position of root k and its class, as a tensor of the shape of one example.
        const [at, one] = [positionVector(shape, Math.floor(k / classes)), unitVector(shape, k)];
        const share = tf.sqrt(tf.sum(tf.mul(p, one), -1, true));
        return masked(tf.mul(share, tf.sub(one, tf.mul(p, at))), weights);
      });
    },
  };
}

/** A loss that adds up over the entries of its output, of one example's shape; `variance` are the second derivatives, >= 0. */
export function diagonalCurvature(options: {
  readonly output: string;
  readonly shape: Shape;
  readonly variance: (outputs: tf.Tensor) => tf.Tensor;
  readonly mask?: MaskOf;
}): OutputCurvature {
  const { output, shape, variance, mask = () => ({}) } = options;
  return {
    output,
    product: (t) => ({ product: masked(tf.mul(variance(t[output]), t.tangent), mask(t)) }),
    roots: sizeOf(shape),
    rootsOf: (t) => {
      const deviation = masked(tf.sqrt(variance(t[output])), rootOfMask(mask(t)));
      return namedRoots(sizeOf(shape), (k) => tf.mul(deviation, unitVector(shape, k)));
    },
  };
}

function namedRoots(count: number, root: (k: number) => tf.Tensor): Record<string, tf.Tensor> {
  return Object.fromEntries(Array.from({ length: count }, (_, k) => [`root:${k}`, root(k)]));
}

/** e_k of an example's shape: [1, ...shape]. */
function unitVector(shape: Shape, k: number): tf.Tensor {
  const values = new Float32Array(sizeOf(shape));
  values[k] = 1;
  return tf.tensor(values, [1, ...shape]);
}

/** 1 at a position, 0 at the others: [1, ...positions, 1] for an example's shape [...positions, K]. */
function positionVector(shape: Shape, position: number): tf.Tensor {
  return unitVector([...shape.slice(0, -1), 1], position);
}

/** A weight of an entry weighs its curvature, so that a root carries its square root. */
function rootOfMask({ mask }: LossOptions): LossOptions {
  return mask === undefined ? {} : { mask: tf.sqrt(mask) };
}
