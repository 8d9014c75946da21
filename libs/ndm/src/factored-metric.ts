/**
 * The factored low-rank metric on a chart (tier T2f): g(x) = diag(D0 e^{P b(x)}) + U0 C(x) C(x)^T U0^T, with b(x) in R^q and C(x) in
 * R^{r x r} from a tanh net. Bounds hold by construction: D0 in [d_min e^p, d_max e^-p], |P_i|_1 <= p, |U0|_F < 1, |C|_F < u_max, hence
 * d_min I <= g < (d_max + u_max^2) I. B rows, d coordinates, r rank, q basis, h hidden; U = U0 C [B, d, r].
 */
import * as tf from '@tensorflow/tfjs-core';
import type { ParameterEntry } from '@geodesic/engine';
import { logDet, spdInverse } from '@geodesic/engine/trace';
import { defaultMetricBounds, type MetricBounds } from '@geodesic/geometry';
import type { Tensors } from '@geodesic/nn';

/** Eigenvalue bounds: d_min, d_max, u_max, and p (largest change of a log-diagonal). Condition number < (d_max + u_max^2) / d_min. */
export const metricBounds: MetricBounds & { readonly pMax: number } = { ...defaultMetricBounds, pMax: 3 };

/** Sizes of a metric net. */
export interface FactoredMetricOptions {
  readonly name: string;
  readonly width: number;
  readonly rank: number;
  readonly basis: number;
  readonly hidden: number;
}

/** The metric at a batch of points: g = diag(D) + U U^T. */
export interface MetricField {
  /** [B, d], positive. */
  readonly diagonal: tf.Tensor;
  /** [B, d, r] */
  readonly factor: tf.Tensor;
}

/** A metric on a chart and its parameters. */
export interface FactoredMetric {
  readonly parameters: readonly ParameterEntry[];
  /** x [B, d] -> the metric at its rows. */
  readonly at: (tensors: Tensors, x: tf.Tensor) => MetricField;
}

/** Describes a metric; its net is `<name>.net`, the global parts are `<name>.diagonal`, `.mixing` and `.factor`. */
export function factoredMetric(options: FactoredMetricOptions): FactoredMetric {
  const { name, width: d, rank: r, basis: q, hidden: h } = options;
  const outputs = q + r * r;
  const normal = (standardDeviation: number) => ({ kind: 'normal', standardDeviation }) as const;
  const zeros = { kind: 'constant', value: 0 } as const;
  const p = (part: string): string => `${name}.${part}`;
  return {
    parameters: [
      { name: p('net.weight1'), shape: [d, h], initializer: normal(1 / Math.sqrt(d)) },
      { name: p('net.bias1'), shape: [h], initializer: zeros },
      { name: p('net.weight2'), shape: [h, outputs], initializer: normal(0.5 / Math.sqrt(h)) },
      { name: p('net.bias2'), shape: [outputs], initializer: zeros },
      { name: p('diagonal'), shape: [d], initializer: zeros },
      { name: p('mixing'), shape: [d, q], initializer: normal(0.1) },
      { name: p('factor'), shape: [d, r], initializer: normal(1 / Math.sqrt(d)) },
    ],
    at: (t, x) => {
      const hiddenUnits = tf.tanh(tf.add(tf.matMul(x, t[p('net.weight1')]), t[p('net.bias1')]));
      const raw = tf.add(tf.matMul(hiddenUnits, t[p('net.weight2')]), t[p('net.bias2')]);
      const [rawB, rawC] = tf.split(raw, [q, r * r], 1);
      return { diagonal: diagonalOf(t[p('diagonal')], t[p('mixing')], rawB), factor: factorOf(t[p('factor')], rawC, r) };
    },
  };
}

/** D = D0 e^{P b}: rawDiagonal [d], rawMixing [d, q], rawB [B, q] -> [B, d]. */
function diagonalOf(rawDiagonal: tf.Tensor, rawMixing: tf.Tensor, rawB: tf.Tensor): tf.Tensor {
  const { dMin, dMax, pMax } = metricBounds;
  const low = dMin * Math.exp(pMax);
  const high = dMax * Math.exp(-pMax);
  const base = tf.add(low, tf.mul(high - low, tf.sigmoid(rawDiagonal)));
  // Each of the q entries of a row of P stays within p / q, so that the row's 1-norm stays within p.
  const mixing = tf.mul(pMax / rawMixing.shape[1]!, tf.tanh(rawMixing));
  return tf.mul(base, tf.exp(tf.matMul(tf.tanh(rawB), mixing, false, true)));
}

/** U = U0 C: rawFactor [d, r], rawC [B, r r] -> [B, d, r]. */
function factorOf(rawFactor: tf.Tensor, rawC: tf.Tensor, r: number): tf.Tensor {
  const { uMax } = metricBounds;
  const rows = rawC.shape[0];
  const global = tf.div(rawFactor, tf.sqrt(tf.add(1, tf.sum(tf.square(rawFactor)))));
  const norm = tf.sqrt(tf.add(uMax * uMax, tf.sum(tf.square(rawC), 1, true)));
  const local = tf.reshape(tf.div(tf.mul(uMax, rawC), norm), [rows, r, r]);
  return tf.matMul(tf.reshape(global, [1, ...global.shape]), local);
}

/** The capacitance K = I + U^T D^-1 U [B, r, r] and D^-1 U [B, d, r]. */
function capacitance({ diagonal, factor }: MetricField): { k: tf.Tensor; scaled: tf.Tensor } {
  const scaled = tf.div(factor, tf.expandDims(diagonal, 2));
  const rank = factor.shape[2]!;
  return { k: tf.add(tf.eye(rank), tf.matMul(factor, scaled, true, false)), scaled };
}

/** 1/2 log det g [B] in nats, by the matrix determinant lemma. */
export function halfLogDet(field: MetricField): tf.Tensor {
  return tf.mul(0.5, tf.add(tf.sum(tf.log(field.diagonal), 1), logDet(capacitance(field).k)));
}

/** s^T g^-1 s [B] for s [B, d], by the Woodbury identity. */
export function inverseQuadratic(field: MetricField, s: tf.Tensor): tf.Tensor {
  const { k, scaled } = capacitance(field);
  const projected = tf.matMul(scaled, tf.expandDims(s, 2), true, false);
  const correction = tf.sum(tf.mul(projected, tf.matMul(spdInverse(k), projected)), [1, 2]);
  return tf.sub(tf.sum(tf.div(tf.square(s), field.diagonal), 1), correction);
}

/** Draws from N(0, g): D^{1/2} e1 + U e2 for standard normal e1 [B, d], e2 [B, r]. */
export function drawFromMetric(field: MetricField, e1: tf.Tensor, e2: tf.Tensor): tf.Tensor {
  const spread = tf.squeeze(tf.matMul(field.factor, tf.expandDims(e2, 2)), [2]);
  return tf.add(tf.mul(tf.sqrt(field.diagonal), e1), spread);
}
