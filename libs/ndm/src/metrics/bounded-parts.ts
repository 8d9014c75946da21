/**
 * Bounds by construction (spec A2): what a net gives without limits becomes parts of a metric whose eigenvalues are known beforehand.
 *   D = d_min + (d_max - d_min) sigmoid(raw),   U = u_max raw / sqrt(u_max^2 + |raw|_F^2)   per row
 * give d_min I <= diag(D) + U U^T < (d_max + u_max^2) I. All on jets; a jet of a value alone makes the value's operations only.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { MetricBounds } from '@geodesic/geometry';
import { sigmoid, square, squareRoot } from '../curvature/jet-functions.ts';
import { bilinear, divide, linear, shift, type TwoJet } from '../curvature/two-jet.ts';

/** D from raw numbers of any shape, entry by entry. */
export function boundedDiagonal(raw: TwoJet, { dMin, dMax }: Pick<MetricBounds, 'dMin' | 'dMax'>): TwoJet {
  return shift(
    linear(sigmoid(raw), (channel) => tf.mul(dMax - dMin, channel)),
    dMin,
  );
}

/** raw [B, n] -> [B, n], its norm below u_max: the entries of U. */
export function boundedFactor(raw: TwoJet, uMax: number): TwoJet {
  const squares = linear(square(raw), (channel) => tf.sum(channel, 1, true));
  const norm = squareRoot({ ...squares, value: tf.add(uMax * uMax, squares.value) });
  return divide(
    linear(raw, (channel) => tf.mul(uMax, channel)),
    norm,
  );
}

/** (w F) F^T [B, d] for a factor F [B, d, r] and constant w [B, d]: the product of F F^T with w, without forming it. */
export function gramProduct(factor: TwoJet, w: tf.Tensor): TwoJet {
  const outward = bilinear(inward(factor, w), factor, (a, f) => tf.matMul(a, f, false, true));
  return linear(outward, (channel) => tf.squeeze(channel, [1]));
}

/** (a F) . (b F) [B] for a factor F [B, d, r] and constant a, b [B, d]. */
export function gramForm(factor: TwoJet, a: tf.Tensor, b: tf.Tensor): TwoJet {
  const left = inward(factor, a);
  return bilinear(left, a === b ? left : inward(factor, b), (p, q) => tf.sum(tf.mul(p, q), [1, 2]));
}

/** sum_i D_i a_i b_i [B] for a diagonal D [B, d] and constant a, b [B, d]. */
export function diagonalForm(diagonal: TwoJet, a: tf.Tensor, b: tf.Tensor): TwoJet {
  const product = tf.mul(a, b);
  return linear(diagonal, (channel) => tf.sum(tf.mul(channel, product), 1));
}

function inward(factor: TwoJet, w: tf.Tensor): TwoJet {
  return linear(factor, (channel) => tf.matMul(tf.expandDims(w, 1), channel));
}
