/**
 * Curvature by probes of a chart's metric. With u, v of covariance g^-1, Rm(u,v,u,v) has the mean Scal: the read-out. With u, v ~ N(0, g^-1),
 *   L_c = E[Rm(u,v,u,v)^2] = 3 |Rm|^2 + 4 |Ric|^2 + Scal^2
 * at a point: zero iff flat, independent of coordinates, and unbiased from one pair (Scal^2 is neither). One pair for each example;
 * the noise of a pair is large (sd / mean about 7 for d = 2), so that a step averages over its batch.
 * Randomness is handed in, keyed by example (`curvatureRandom`), and u, v follow the metric: the gradient is that of the expectation.
 * k standard normals of a draw. Source: spec A4 "Stochastic estimators" (Isserlis' theorem and the first Bianchi identity).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { RandomInput } from '@geodesic/engine';
import { MetricError } from '@geodesic/geometry';
import type { Tensors } from '@geodesic/nn';
import type { ChartMetric, DirectionPair } from '../metrics/metric-field.ts';
import { directionalRm } from './directional-curvature.ts';

/** Where a metric is asked for its curvature, and the numbers [B, 2 k] that its pair of directions is made of. */
export interface CurvatureProbe {
  readonly metric: ChartMetric;
  /** x [B, d]; give it behind stopGradient where the chart shall not be trained by its curvature. */
  readonly x: tf.Tensor;
  readonly numbers: tf.Tensor;
}

/** The random input of a probe at a chart, drawn by example: [B, 2 k] standard normals. */
export function curvatureRandom(chart: string, metric: ChartMetric): RandomInput {
  return { name: `normal:curvature/${chart}`, purpose: `curvature/${chart}`, distribution: 'normal', width: 2 * metric.normals };
}

/** Rm(u,v,u,v) [B] with u, v of covariance g^-1 from the probe's numbers: of mean Scal. */
export function probedRm({ metric, x, numbers }: CurvatureProbe, t: Tensors): tf.Tensor {
  return directionalRm(metric, t, x, directionsOf(metric, t, { x, numbers }));
}

/**
 * The curvature penalty's per-example term [B] from standard normals: Rm^2, or 2 c |Rm| - c^2 where |Rm| > c = huber.
 * `huber` positive, default Infinity, which alone is unbiased; a finite one tames the heavy tail.
 * @throws {MetricError} when huber is not positive
 */
export function curvaturePenalty(probe: CurvatureProbe, t: Tensors, { huber = Infinity }: { readonly huber?: number } = {}): tf.Tensor {
  if (!(huber > 0)) throw new MetricError('curvaturePenalty', 'huber', 'a positive number', String(huber));
  const rm = probedRm(probe, t);
  if (huber === Infinity) return tf.square(rm);
  const size = tf.abs(rm);
  const within = tf.minimum(size, huber);
  return tf.mul(within, tf.sub(tf.mul(2, size), within));
}

/** Unbiased estimates of Scal [B] by signs, from uniform or normal numbers [B, 2 k] cut at `middle` (0.5 or 0): less noise than normals. */
export function scalarReadout(probe: CurvatureProbe, t: Tensors, { middle }: { readonly middle: number }): tf.Tensor {
  const signs = tf.where(tf.less(probe.numbers, middle), tf.scalar(-1), tf.scalar(1));
  return probedRm({ ...probe, numbers: signs }, t);
}

function directionsOf(metric: ChartMetric, t: Tensors, { x, numbers }: Omit<CurvatureProbe, 'metric'>): DirectionPair {
  const field = metric.at(t, x);
  const [first, second] = tf.split(numbers, 2, 1);
  return { u: field.drawInverse(first), v: field.drawInverse(second) };
}
