/**
 * A constant metric on a chart (tier T0): g = diag(D0) + U0 U0^T everywhere, D0 and U0 parameters within the bounds of
 * bounded-parts.ts. Flat: the baseline that says what a metric that varies is worth. Its capacitance is inverted once for all rows.
 * d coordinates, r rank.
 */
import * as tf from '@tensorflow/tfjs-core';
import { defaultMetricBounds, requireMetricBounds, spectrumWithin, type MetricBounds } from '@geodesic/geometry';
import type { Tensors } from '@geodesic/nn';
import { constantJet } from '../curvature/two-jet.ts';
import { boundedDiagonal, boundedFactor } from './bounded-parts.ts';
import { LowRankField } from './low-rank-field.ts';
import type { ChartMetric } from './metric-field.ts';

/** Sizes of a constant metric. */
export interface ConstantMetricOptions {
  readonly name: string;
  readonly width: number;
  readonly rank: number;
  /** Default `defaultMetricBounds`. */
  readonly bounds?: MetricBounds;
}

/** One metric for all rows: its parts have the leading axis 1, which products broadcast. */
class ConstantField extends LowRankField {
  readonly #rows: number;

  constructor(rows: number, parts: LowRankField) {
    super(parts);
    this.#rows = rows;
  }

  override halfLogDet(): tf.Tensor {
    return tf.tile(super.halfLogDet(), [this.#rows]);
  }
}

/**
 * Describes a constant metric; its parameters are `<name>.diagonal` [d] and `<name>.factor` [d, r], both without limits. It starts in the
 * middle of the diagonal's range.
 * @throws {MetricError} when the bounds are unusable
 */
export function constantMetric({ name, width: d, rank: r, bounds = defaultMetricBounds }: ConstantMetricOptions): ChartMetric {
  requireMetricBounds(bounds);
  const fieldOf = (t: Tensors): LowRankField => {
    const row = (part: string): tf.Tensor => tf.reshape(t[`${name}.${part}`], [1, -1]);
    return new LowRankField({
      diagonal: boundedDiagonal(constantJet(row('diagonal')), bounds).value,
      factor: tf.reshape(boundedFactor(constantJet(row('factor')), bounds.uMax).value, [1, d, r]),
    });
  };
  return {
    parameters: [
      { name: `${name}.diagonal`, shape: [d], initializer: { kind: 'constant', value: 0 } },
      { name: `${name}.factor`, shape: [d, r], initializer: { kind: 'normal', standardDeviation: 1 / Math.sqrt(d * r) } },
    ],
    width: d,
    normals: d + r,
    spectrum: spectrumWithin(bounds),
    at: (t, x) => new ConstantField(x.shape[0], fieldOf(t)),
    along: (t) => {
      const field = fieldOf(t);
      return {
        apply: (w) => constantJet(field.multiply(w)),
        form: (a, b) => constantJet(tf.sum(tf.mul(a, field.multiply(b)), 1)),
      };
    },
    rm: (_t, x) => tf.zeros([x.shape[0]]),
  };
}
