/**
 * The Evolution Layer's terms on the charts of a classifier: the Fisher anchor that gives the metric its meaning, and the volume
 * distortion between neighbouring charts. Without an anchor the metric would see only its regulariser and collapse to a constant.
 *
 *   anchor_l = 1/2 [ log det g_l + s^T g_l^-1 s ] with s the score of a sampled label at chart l, in relative scale s / sqrt(tau_l),
 *              tau_l a moving average of |s|^2 / d; s and x are constants here: the anchor trains the metric net only
 *   delta_l  = 1/2 log det g_l(x_l) + log |det J_l| - 1/2 log det g_{l-1}(x_{l-1}): zero iff map l keeps Riemannian volume, g = tau g^
 *
 * Objective, per coordinate so that its weights do not depend on d: lambda_a sum_l anchor_l / (d n) + lambda_v sum_l (delta_l / d)^2 / n;
 * d coordinates, n charts (or maps).
 */
import * as tf from '@tensorflow/tfjs-core';
import { stopGradient } from '@geodesic/engine/trace';
import type { Tensors } from '@geodesic/nn';
import { halfLogDet, inverseQuadratic, type FactoredMetric } from './metrics/index.ts';

/** Names of what belongs to chart l. */
export const chartNames = {
  output: (l: number): string => `chart${l}`,
  logDet: (l: number): string => `logDet${l}`,
  score: (l: number): string => `score:chart${l}`,
  scale: (l: number): string => `tau/chart${l}`,
  scoreColumn: (l: number): string => `score/chart${l}`,
} as const;

/** Name of the state value that weights the volume term. */
export const volumeWeight = 'lambda/volume';

/** Columns of per-example scalars that `evolutionTerms` returns, beside `objective`. */
export function evolutionColumns(charts: number): string[] {
  return ['anchor', 'volume', 'halfLogDet', ...Array.from({ length: charts }, (_, l) => chartNames.scoreColumn(l))];
}

/** The per-example terms [B] for metrics on charts 0 .. n - 1; see the head of this file. */
export function evolutionTerms(metrics: readonly FactoredMetric[], options: { readonly anchor: number }) {
  return (t: Tensors): Record<string, tf.Tensor> => {
    const terms: Record<string, tf.Tensor> = {};
    const anchors: tf.Tensor[] = [];
    const volumes: tf.Tensor[] = [];
    metrics.forEach((metric, l) => {
      const x = t[chartNames.output(l)];
      const score = t[chartNames.score(l)];
      const width = x.shape[1]!;
      const fixed = metric.at(t, stopGradient(x));
      const relative = tf.div(score, tf.sqrt(t[chartNames.scale(l)]));
      anchors.push(tf.div(tf.add(halfLogDet(fixed), tf.mul(0.5, inverseQuadratic(fixed, relative))), width));
      // g = tau g^: the scales enter the volumes of neighbouring charts, since scores shrink where coordinates stretch.
      const scaleVolume = tf.mul(0.5 * width, tf.log(t[chartNames.scale(l)]));
      volumes.push(tf.div(tf.add(halfLogDet(metric.at(t, x)), scaleVolume), width));
      terms[chartNames.scoreColumn(l)] = tf.div(tf.sum(tf.square(score), 1), width);
    });
    const distortions = volumes.slice(1).map((volume, l) => {
      const stretch = tf.div(t[chartNames.logDet(l + 1)], t[chartNames.output(l)].shape[1]!);
      return tf.square(tf.sub(tf.add(volume, stretch), volumes[l]));
    });
    terms.anchor = average(anchors);
    terms.volume = average(distortions);
    terms.halfLogDet = average(volumes);
    terms.objective = tf.add(tf.mul(options.anchor, terms.anchor), tf.mul(t[volumeWeight], terms.volume));
    return terms;
  };
}

function average(terms: readonly tf.Tensor[]): tf.Tensor {
  return tf.div(
    terms.reduce((sum, term) => tf.add(sum, term)),
    terms.length,
  );
}
