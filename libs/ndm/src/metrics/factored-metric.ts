/**
 * The factored low-rank metric on a chart (tier T2f): g(x) = diag(D0 e^{P b(x)}) + U0 C(x) C(x)^T U0^T, with b(x) in R^q and C(x) in
 * R^{r x r} from a tanh net. Bounds hold by construction: D0 in [d_min e^p, d_max e^-p], |P_i|_1 <= p, |U0|_F < 1, |C|_F < u_max, hence
 * d_min I <= g < (d_max + u_max^2) I. B rows, d coordinates, r rank, q basis, h hidden; U = U0 C [B, d, r].
 */
import * as tf from '@tensorflow/tfjs-core';
import { defaultMetricBounds, spectrumWithin, type MetricBounds } from '@geodesic/geometry';
import type { Tensors } from '@geodesic/nn';
import { exp, tanh } from '../curvature/jet-functions.ts';
import { add, constantJet, linear, splitLast, type TwoJet } from '../curvature/two-jet.ts';
import { boundedFactor, diagonalForm, gramForm, gramProduct } from './bounded-parts.ts';
import { LowRankField } from './low-rank-field.ts';
import type { ChartMetric } from './metric-field.ts';
import { metricNet } from './metric-net.ts';

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

/** A metric on a chart whose field is diag(D) + U U^T. */
export interface FactoredMetric extends ChartMetric {
  /** x [B, d] -> the metric at its rows. */
  readonly at: (tensors: Tensors, x: tf.Tensor) => LowRankField;
}

/** The parts of the metric that depend on the point, and the directions U0 [d, r], which do not. */
interface FactoredParts {
  /** [B, d] */
  readonly diagonal: TwoJet;
  /** C [B, r, r] */
  readonly core: TwoJet;
  readonly directions: tf.Tensor;
}

/** Describes a metric; its net is `<name>.net`, the global parts are `<name>.diagonal`, `.mixing` and `.factor`. */
export function factoredMetric(options: FactoredMetricOptions): FactoredMetric {
  const { name, width: d, rank: r, basis: q, hidden } = options;
  const normal = (standardDeviation: number) => ({ kind: 'normal', standardDeviation }) as const;
  const zeros = { kind: 'constant', value: 0 } as const;
  const p = (part: string): string => `${name}.${part}`;
  const net = metricNet({ name: p('net'), inputs: d, hidden, outputs: q + r * r });
  const parts = (t: Tensors, x: TwoJet): FactoredParts => {
    const [rawB, rawC] = splitLast(net.apply(t, x), [q, r * r]);
    return {
      diagonal: diagonalOf(t[p('diagonal')], t[p('mixing')], rawB),
      directions: directionsOf(t[p('factor')]),
      core: linear(boundedFactor(rawC, metricBounds.uMax), (channel) => tf.reshape(channel, [-1, r, r])),
    };
  };
  return {
    width: d,
    normals: d + r,
    spectrum: spectrumWithin(metricBounds),
    parameters: [
      ...net.parameters,
      { name: p('diagonal'), shape: [d], initializer: zeros },
      { name: p('mixing'), shape: [d, q], initializer: normal(0.1) },
      { name: p('factor'), shape: [d, r], initializer: normal(1 / Math.sqrt(d)) },
    ],
    at: (t, x) => {
      const { diagonal, core, directions } = parts(t, constantJet(x));
      return new LowRankField({ diagonal: diagonal.value, factor: tf.matMul(tf.expandDims(directions, 0), core.value) });
    },
    along: (t, x) => {
      const { diagonal, core, directions } = parts(t, x);
      return {
        // Through R^r: U0 C [B, d, r] with its derivatives is never formed, so that d may be in the thousands.
        apply: (w) =>
          add(
            linear(diagonal, (channel) => tf.mul(channel, w)),
            linear(gramProduct(core, tf.matMul(w, directions)), (channel) => tf.matMul(channel, directions, false, true)),
          ),
        form: (a, b) => add(diagonalForm(diagonal, a, b), gramForm(core, tf.matMul(a, directions), tf.matMul(b, directions))),
      };
    },
  };
}

/** D = D0 e^{P b}: rawDiagonal [d], rawMixing [d, q], rawB [B, q] -> [B, d]. */
function diagonalOf(rawDiagonal: tf.Tensor, rawMixing: tf.Tensor, rawB: TwoJet): TwoJet {
  const { dMin, dMax, pMax } = metricBounds;
  const low = dMin * Math.exp(pMax);
  const high = dMax * Math.exp(-pMax);
  const base = tf.add(low, tf.mul(high - low, tf.sigmoid(rawDiagonal)));
  // Each of the q entries of a row of P stays within p / q, so that the row's 1-norm stays within p.
  const mixing = tf.mul(pMax / rawMixing.shape[1]!, tf.tanh(rawMixing));
  const exponent = linear(tanh(rawB), (channel) => tf.matMul(channel, mixing, false, true));
  return linear(exp(exponent), (channel) => tf.mul(base, channel));
}

/** U0 of Frobenius norm below 1: [d, r]. */
function directionsOf(rawFactor: tf.Tensor): tf.Tensor {
  return tf.div(rawFactor, tf.sqrt(tf.add(1, tf.sum(tf.square(rawFactor)))));
}
