/**
 * A chart transition: a smooth map of row vectors with an inverse and the log-determinant of its Jacobian J = dy/dx. Most are bijections
 * R^d -> R^d; an embedding R^d -> R^n, n > d, is injective, its inverse a left inverse and its volume that of its image.
 * Conventions: x [B, d]; log |det J| [B] in nats, for embeddings 1/2 log det J^T J; parameters are read from named tensors. Everything is
 * C-infinity (tanh, never ReLU): curvature is defined everywhere.
 * Source: spec A1; the split into layers is that of Zhang, arXiv 2510.25113.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayerEntry, ParameterEntry } from '@geodesic/engine';
import type { Tensors } from '@geodesic/nn';

/** A mapped batch and the log-determinant of each row's Jacobian. */
export interface Mapped {
  /** [B, d] */
  readonly value: tf.Tensor;
  /** [B], or a scalar where it does not depend on the row. */
  readonly logDet: tf.Tensor;
}

/** A mapped batch and what the differential makes of a vector at each row. */
export interface Pushed {
  /** [B, outputs] */
  readonly value: tf.Tensor;
  /** J v, [B, outputs] */
  readonly tangent: tf.Tensor;
}

/** An invertible map with its parameters. */
export interface ChartMap {
  /** d, the dimension of x. */
  readonly inputs: number;
  /** The dimension of y; more than `inputs` for an embedding, never less. */
  readonly outputs: number;
  /** True where J^T J = I at every point and for all parameters: lengths, angles and volumes are kept. */
  readonly isometry: boolean;
  readonly parameters: readonly ParameterEntry[];
  readonly layers: readonly LayerEntry[];
  /** x -> y and log |det dy/dx|. */
  readonly forward: (tensors: Tensors, x: tf.Tensor) => Mapped;
  /** y -> x and log |det dx/dy|. */
  readonly inverse: (tensors: Tensors, y: tf.Tensor) => Mapped;
  /**
   * x, v [B, inputs] -> y and J(x) v, in closed form: about twice the forward pass, no derivative taken. It taps the map's layers, so that
   * a model's forward pass, where they are captured, calls `forward` alone.
   */
  readonly pushForward: (tensors: Tensors, x: tf.Tensor, v: tf.Tensor) => Pushed;
}

/** A value whose volume is that of what it was computed from. */
export function unitVolume(value: tf.Tensor): Mapped {
  return { value, logDet: tf.scalar(0) };
}

/** The tables of an isometry of R^width that has no parameters. */
export const withoutParameters = (width: number): Pick<ChartMap, 'inputs' | 'outputs' | 'isometry' | 'parameters' | 'layers'> => ({
  inputs: width,
  outputs: width,
  isometry: true,
  parameters: [],
  layers: [],
});

/** The identity of R^width. */
export function identityChart(width: number): ChartMap {
  return {
    ...withoutParameters(width),
    forward: (_, x) => unitVolume(x),
    inverse: (_, y) => unitVolume(y),
    pushForward: (_, x, v) => ({ value: x, tangent: v }),
  };
}
