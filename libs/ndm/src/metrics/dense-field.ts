/**
 * A field of matrices g [B, d, d] by Cholesky factors C C^T = g: for small d. O(d^3) for each row, once; a matrix that is not positive
 * definite shows as NaN.
 */
import * as tf from '@tensorflow/tfjs-core';
import { cholesky, triangularSolve } from '@geodesic/engine/trace';
import type { MetricField } from './metric-field.ts';

/**
 * The field of given matrices, symmetric positive definite; a draw takes d normals.
 *
 * Limitations: the native executor takes d <= 32; solves lose as many digits as the condition number has.
 */
export class DenseField implements MetricField {
  /** g [B, d, d]. */
  readonly matrix: tf.Tensor;
  readonly #root: tf.Tensor;

  constructor(matrix: tf.Tensor) {
    this.matrix = matrix;
    this.#root = cholesky(matrix);
  }

  multiply(w: tf.Tensor): tf.Tensor {
    return rows(tf.matMul(this.matrix, columns(w)));
  }

  solve(w: tf.Tensor): tf.Tensor {
    const inner = triangularSolve(this.#root, columns(w));
    return rows(triangularSolve(this.#root, inner, { transpose: true }));
  }

  halfLogDet(): tf.Tensor {
    const d = this.matrix.shape[2]!;
    return tf.sum(tf.log(tf.sum(tf.mul(this.#root, tf.eye(d)), 2)), 1);
  }

  /** C e. */
  draw(normals: tf.Tensor): tf.Tensor {
    return rows(tf.matMul(this.#root, columns(normals)));
  }

  /** C^-T e. */
  drawInverse(normals: tf.Tensor): tf.Tensor {
    return rows(triangularSolve(this.#root, columns(normals), { transpose: true }));
  }
}

function columns(w: tf.Tensor): tf.Tensor {
  return tf.expandDims(w, 2);
}

function rows(w: tf.Tensor): tf.Tensor {
  return tf.squeeze(w, [2]);
}
