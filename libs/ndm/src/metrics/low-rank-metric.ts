/**
 * The low-rank metric on a chart (tier T2): g(x) = diag(D(x)) + U(x) U(x)^T, all of D [d] and U [d, r] from a tanh net, bounded by
 * bounded-parts.ts: d_min I <= g < (d_max + u_max^2) I. The net's outputs [d (1 + r)] are raw D, then raw U row-major.
 * O(d r^2 + r^3) for each row, and a net of h d (1 + r) weights: for d up to about 1,000; beyond, use the factored metric.
 */
import * as tf from '@tensorflow/tfjs-core';
import { defaultMetricBounds, requireMetricBounds, spectrumWithin, type MetricBounds } from '@geodesic/geometry';
import type { Tensors } from '@geodesic/nn';
import { add, constantJet, linear, splitLast, type TwoJet } from '../curvature/two-jet.ts';
import { boundedDiagonal, boundedFactor, diagonalForm, gramForm, gramProduct } from './bounded-parts.ts';
import { LowRankField } from './low-rank-field.ts';
import type { ChartMetric } from './metric-field.ts';
import { metricNet } from './metric-net.ts';

/** Sizes of a low-rank metric. */
export interface LowRankMetricOptions {
  readonly name: string;
  readonly width: number;
  readonly rank: number;
  readonly hidden: number;
  /** Default `defaultMetricBounds`. */
  readonly bounds?: MetricBounds;
}

/** Describes a metric; its net is `<name>.net`. @throws {MetricError} when the bounds are unusable */
export function lowRankMetric(options: LowRankMetricOptions): ChartMetric {
  const { name, width: d, rank: r, hidden, bounds = defaultMetricBounds } = options;
  requireMetricBounds(bounds);
  const net = metricNet({ name: `${name}.net`, inputs: d, hidden, outputs: d * (1 + r) });
  const parts = (t: Tensors, x: TwoJet): { readonly diagonal: TwoJet; readonly factor: TwoJet } => {
    const [rawD, rawU] = splitLast(net.apply(t, x), [d, d * r]);
    return {
      diagonal: boundedDiagonal(rawD, bounds),
      factor: linear(boundedFactor(rawU, bounds.uMax), (channel) => tf.reshape(channel, [-1, d, r])),
    };
  };
  return {
    parameters: net.parameters,
    width: d,
    normals: d + r,
    spectrum: spectrumWithin(bounds),
    at: (t, x) => {
      const { diagonal, factor } = parts(t, constantJet(x));
      return new LowRankField({ diagonal: diagonal.value, factor: factor.value });
    },
    along: (t, x) => {
      const { diagonal, factor } = parts(t, x);
      return {
        apply: (w) =>
          add(
            linear(diagonal, (channel) => tf.mul(channel, w)),
            gramProduct(factor, w),
          ),
        form: (a, b) => add(diagonalForm(diagonal, a, b), gramForm(factor, a, b)),
      };
    },
  };
}
