/**
 * The conformal metric on a chart (tier T1): g(x) = e^{2 f(x)} g0, with g0 constant (tier T0) and f = f_max tanh(raw / f_max) of a net with
 * one output, for d beyond 64. Its curvature is closed: with df, H the first and second derivatives of f and |.| taken by g0,
 *   K = H - df df^T + 1/2 |df|^2 g0,
 *   Rm(u,v,u,v) = -e^{2f} [ K(u,u) g0(v,v) + K(v,v) g0(u,u) - 2 K(u,v) g0(u,v) ],
 * one gradient where the general formula takes three. Source: Besse 1987, theorem 1.159; spec A2, A4.
 */
import * as tf from '@tensorflow/tfjs-core';
import { MetricError } from '@geodesic/geometry';
import type { Tensors } from '@geodesic/nn';
import { exp, tanh } from '../curvature/jet-functions.ts';
import { channelOf, constantJet, linear, pointJet, type TwoJet } from '../curvature/two-jet.ts';
import { constantMetric, type ConstantMetricOptions } from './constant-metric.ts';
import type { ChartMetric, DirectionPair, MetricField } from './metric-field.ts';
import { metricNet } from './metric-net.ts';

/** Sizes of a conformal metric; rank and bounds are those of g0. */
export interface ConformalMetricOptions extends ConstantMetricOptions {
  readonly hidden: number;
  /** f_max > 0, the largest |f|; default 3. */
  readonly exponentMax?: number;
}

/** e^{2 f} times another field, f [B, 1]. */
class ConformalField implements MetricField {
  readonly #base: MetricField;
  readonly #exponent: tf.Tensor;
  readonly #width: number;

  constructor(base: MetricField, exponent: tf.Tensor, width: number) {
    this.#base = base;
    this.#exponent = exponent;
    this.#width = width;
  }

  multiply(w: tf.Tensor): tf.Tensor {
    return tf.mul(this.#scale(2), this.#base.multiply(w));
  }

  solve(w: tf.Tensor): tf.Tensor {
    return tf.mul(this.#scale(-2), this.#base.solve(w));
  }

  halfLogDet(): tf.Tensor {
    return tf.add(tf.mul(this.#width, tf.squeeze(this.#exponent, [1])), this.#base.halfLogDet());
  }

  draw(normals: tf.Tensor): tf.Tensor {
    return tf.mul(this.#scale(1), this.#base.draw(normals));
  }

  drawInverse(normals: tf.Tensor): tf.Tensor {
    return tf.mul(this.#scale(-1), this.#base.drawInverse(normals));
  }

  #scale(power: number): tf.Tensor {
    return tf.exp(tf.mul(power, this.#exponent));
  }
}

/**
 * Describes a conformal metric; its net is `<name>.net`, g0 is `<name>.base`.
 * @throws {MetricError} when the bounds are unusable or exponentMax is not positive
 */
export function conformalMetric(options: ConformalMetricOptions): ChartMetric {
  const { name, width, hidden, exponentMax = 3 } = options;
  if (!(exponentMax > 0)) throw new MetricError('conformalMetric', 'exponentMax', 'a positive number', String(exponentMax));
  const base = constantMetric({ ...options, name: `${name}.base` });
  const net = metricNet({ name: `${name}.net`, inputs: width, hidden, outputs: 1 });
  const exponent = (t: Tensors, x: TwoJet): TwoJet =>
    linear(tanh(linear(net.apply(t, x), (channel) => tf.div(channel, exponentMax))), (channel) => tf.mul(exponentMax, channel));
  const { lower, upper, condition } = base.spectrum;
  const stretch = Math.exp(2 * exponentMax);
  return {
    parameters: [...net.parameters, ...base.parameters],
    width,
    normals: base.normals,
    spectrum: { lower: lower / stretch, upper: upper * stretch, condition },
    at: (t, x) => new ConformalField(base.at(t, x), exponent(t, constantJet(x)).value, width),
    along: (t, x) => {
      const factor = exp(linear(exponent(t, x), (channel) => tf.mul(2, channel)));
      const g0 = base.at(t, x.value);
      const times = (constant: tf.Tensor): TwoJet => linear(factor, (channel) => tf.mul(channel, constant));
      return {
        apply: (w) => times(g0.multiply(w)),
        form: (a, b) => linear(times(dot(a, g0.multiply(b))), (channel) => tf.squeeze(channel, [1])),
      };
    },
    rm: (t, x, pair) => {
      const slope = tf.grad((point: tf.Tensor) => exponent(t, constantJet(point)).value)(x);
      return conformalRm({ f: exponent(t, pointJet(x, pair.u, pair.v)), slope, base: base.at(t, x) }, pair);
    },
  };
}

/** Rm(u,v,u,v) [B] from the 2-jet of f [B, 1] along u, v, its gradient [B, d] and g0. */
function conformalRm(
  { f, slope, base }: { readonly f: TwoJet; readonly slope: tf.Tensor; readonly base: MetricField },
  { u, v }: DirectionPair,
): tf.Tensor {
  const [gu, gv] = [base.multiply(u), base.multiply(v)];
  const [guu, guv, gvv] = [dot(u, gu), dot(u, gv), dot(v, gv)];
  const half = tf.mul(0.5, dot(slope, base.solve(slope)));
  const [fu, fv] = [channelOf(f, 'u'), channelOf(f, 'v')];
  const tensorK = (second: 'uu' | 'uv' | 'vv', outer: tf.Tensor, g: tf.Tensor): tf.Tensor =>
    tf.add(tf.sub(channelOf(f, second), outer), tf.mul(half, g));
  const kuu = tensorK('uu', tf.square(fu), guu);
  const kuv = tensorK('uv', tf.mul(fu, fv), guv);
  const kvv = tensorK('vv', tf.square(fv), gvv);
  const bracket = tf.sub(tf.add(tf.mul(kuu, gvv), tf.mul(kvv, guu)), tf.mul(2, tf.mul(kuv, guv)));
  return tf.neg(tf.squeeze(tf.mul(tf.exp(tf.mul(2, f.value)), bracket), [1]));
}

/** Inner products of rows, [B, 1]. */
function dot(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.sum(tf.mul(a, b), 1, true);
}
