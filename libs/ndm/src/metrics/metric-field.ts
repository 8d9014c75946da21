/**
 * What every tier of the Geometric Layer is to its users: a metric on a chart (`ChartMetric`), which gives at a batch of points a
 * field of bilinear forms (`MetricField`), and along two directions the 2-jets of its products (`MetricJet`), from which curvature is
 * made (../curvature). B rows, d coordinates, k standard normals of a draw; vectors are rows [B, d], each with its own point.
 * Source: spec A2.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { ParameterEntry } from '@geodesic/engine';
import type { Tensors } from '@geodesic/nn';
import type { TwoJet } from '../curvature/two-jet.ts';

/** The metric g at the rows of a batch. */
export interface MetricField {
  /** g w [B, d]. */
  multiply(w: tf.Tensor): tf.Tensor;
  /** g^-1 w [B, d]. */
  solve(w: tf.Tensor): tf.Tensor;
  /** 1/2 log det g [B], in nats: the log of the volume element. */
  halfLogDet(): tf.Tensor;
  /** A draw from N(0, g), [B, d], from standard normals [B, k]; of covariance g for any independent numbers of variance 1. */
  draw(normals: tf.Tensor): tf.Tensor;
  /** A draw from N(0, g^-1), [B, d], from standard normals [B, k]; of covariance g^-1 for any independent numbers of variance 1. */
  drawInverse(normals: tf.Tensor): tf.Tensor;
}

/** The metric along two directions: derivatives of its products with constant vectors. */
export interface MetricJet {
  /** g w, [B, d], with its derivatives, for w [B, d] that does not depend on the point. */
  apply(w: tf.Tensor): TwoJet;
  /** g(a, b) = a^T g b, [B], with its derivatives, for a, b [B, d] that do not depend on the point: cheaper than by `apply`. */
  form(a: tf.Tensor, b: tf.Tensor): TwoJet;
}

/** What a tier promises of the eigenvalues of g, for any parameters and any point. */
export interface Spectrum {
  /** Least eigenvalue; positive. */
  readonly lower: number;
  /** Upper limit of the eigenvalues; Infinity where only the parameters bound them. */
  readonly upper: number;
  /** Upper limit of the condition number at any one point. */
  readonly condition: number;
}

/** A metric on a chart and its parameters. */
export interface ChartMetric {
  readonly parameters: readonly ParameterEntry[];
  /** d. */
  readonly width: number;
  /** k, how many numbers one draw takes. */
  readonly normals: number;
  readonly spectrum: Spectrum;
  /** x [B, d] -> the metric at its rows. */
  readonly at: (tensors: Tensors, x: tf.Tensor) => MetricField;
  /** Points [B, d] with directions -> the metric with its derivatives along them. */
  readonly along: (tensors: Tensors, x: TwoJet) => MetricJet;
  /**
   * Rm(u,v,u,v) [B] in closed form, where a tier has one; otherwise it is made of `along`. Use `directionalRm`, which asks for either.
   */
  readonly rm?: (tensors: Tensors, x: tf.Tensor, pair: DirectionPair) => tf.Tensor;
}

/** Two tangent vectors at each row, constant in coordinates: [B, d]. */
export interface DirectionPair {
  readonly u: tf.Tensor;
  readonly v: tf.Tensor;
}
