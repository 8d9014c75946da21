/**
 * The dense metric on a chart (tier T3): g(x) = L(x) L(x)^T + epsilon I, for d up to about 16. A tanh net gives the lower triangle of L
 * row-major, its diagonal through softplus. epsilon I <= g, and the condition number at a point is at most (|L|_F^2 + epsilon) / epsilon:
 * the parameters alone bound it from above.
 */
import * as tf from '@tensorflow/tfjs-core';
import { MetricError } from '@geodesic/geometry';
import { softplus } from '../curvature/jet-functions.ts';
import { add, constantJet, linear, type TwoJet } from '../curvature/two-jet.ts';
import { gramForm, gramProduct } from './bounded-parts.ts';
import { DenseField } from './dense-field.ts';
import type { ChartMetric } from './metric-field.ts';
import { metricNet } from './metric-net.ts';

/** Sizes of a dense metric. */
export interface CholeskyMetricOptions {
  readonly name: string;
  readonly width: number;
  readonly hidden: number;
  /** Least eigenvalue; positive, default 1e-3. */
  readonly epsilon?: number;
}

/** Describes a metric; its net is `<name>.net` of d (d + 1) / 2 outputs. @throws {MetricError} when epsilon is not positive */
export function choleskyMetric({ name, width: d, hidden, epsilon = 1e-3 }: CholeskyMetricOptions): ChartMetric {
  if (!(epsilon > 0)) throw new MetricError('choleskyMetric', 'epsilon', 'a positive number', String(epsilon));
  const net = metricNet({ name: `${name}.net`, inputs: d, hidden, outputs: (d * (d + 1)) / 2 });
  return {
    parameters: net.parameters,
    width: d,
    normals: d,
    spectrum: { lower: epsilon, upper: Infinity, condition: Infinity },
    at: (t, x) => choleskyField(lowerTriangle(net.apply(t, constantJet(x)), d).value, epsilon),
    along: (t, x) => {
      const lower = lowerTriangle(net.apply(t, x), d);
      return {
        apply: (w) => add(constantJet(tf.mul(epsilon, w)), gramProduct(lower, w)),
        form: (a, b) => add(constantJet(tf.mul(epsilon, tf.sum(tf.mul(a, b), 1))), gramForm(lower, a, b)),
      };
    },
  };
}

/** The field L L^T + epsilon I for L [B, d, d]. */
export function choleskyField(lower: tf.Tensor, epsilon: number): DenseField {
  const d = lower.shape[2]!;
  return new DenseField(tf.add(tf.matMul(lower, lower, false, true), tf.mul(epsilon, tf.eye(d))));
}

/** L [B, d, d] from raw numbers [B, d (d + 1) / 2], row-major, the diagonal through softplus. */
export function lowerTriangle(raw: TwoJet, d: number): TwoJet {
  const places = Array.from({ length: d }, (_, i) => Array.from({ length: i + 1 }, (_, j) => ({ i, j }))).flat();
  const matrixOf = (rows: number, columns: number, ones: readonly (readonly [number, number])[]): tf.Tensor => {
    const data = new Float32Array(rows * columns);
    for (const [row, column] of ones) data[row * columns + column] = 1;
    return tf.tensor2d(data, [rows, columns]);
  };
  // Products with constant matrices of 0 and 1 place the numbers: exact, and linear for jets and their derivatives alike.
  const onDiagonal = places.flatMap(({ i, j }, at) => (i === j ? [[at, i] as const] : []));
  const below = places.flatMap(({ i, j }, at) => (i === j ? [] : [[at, i * d + j] as const]));
  const diagonal = softplus(place(raw, matrixOf(places.length, d, onDiagonal)));
  const spread = matrixOf(
    d,
    d * d,
    Array.from({ length: d }, (_, i) => [i, i * d + i] as const),
  );
  const flat = add(place(raw, matrixOf(places.length, d * d, below)), place(diagonal, spread));
  return linear(flat, (channel) => tf.reshape(channel, [-1, d, d]));
}

function place(numbers: TwoJet, matrix: tf.Tensor): TwoJet {
  return linear(numbers, (channel) => tf.matMul(channel, matrix));
}
