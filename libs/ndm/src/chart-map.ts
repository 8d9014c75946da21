/**
 * A chart transition: an invertible map R^d -> R^d of row vectors with the log-determinant of its Jacobian.
 * Conventions: x [B, d], log |det dy/dx| [B] in nats; parameters are read from named tensors.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { LayerEntry, ParameterEntry } from '@geodesic/engine';
import type { Tensors } from '@geodesic/nn';

/** A mapped batch and the log-determinant of each row's Jacobian. */
export interface Mapped {
  /** [B, d] */
  readonly value: tf.Tensor;
  /** [B], or a scalar where it does not depend on the row. */
  readonly logDet: tf.Tensor;
}

/** An invertible map with its parameters. */
export interface ChartMap {
  readonly parameters: readonly ParameterEntry[];
  readonly layers: readonly LayerEntry[];
  /** x -> y and log |det dy/dx|. */
  readonly forward: (tensors: Tensors, x: tf.Tensor) => Mapped;
  /** y -> x and log |det dx/dy|. */
  readonly inverse: (tensors: Tensors, y: tf.Tensor) => Mapped;
}
