/**
 * The Poisson negative log-likelihood of counts with a predicted log-rate l: -log p(y) = e^l - y l + log y!, in nats.
 */
import * as tf from '@tensorflow/tfjs-core';
import { ModelError } from '../errors.ts';
import { masked, sumOverExample, type LossOptions } from './sum-over-example.ts';

/** Log-rates and counts [B, ...] -> [B] nats. Counts need not be whole: y! is the gamma function at y + 1. */
export function poissonNll(logRates: tf.Tensor, counts: tf.Tensor, options: LossOptions = {}): tf.Tensor {
  const y = tf.cast(counts, 'float32');
  return sumOverExample(tf.add(tf.sub(tf.exp(logRates), tf.mul(y, logRates)), logFactorial(y)), options);
}

/**
 * d/dl of -log p(y~) for y~ ~ Poisson(e^l) by entry: e^l - y~, [B, ...] as the log-rates. Its second moment is diag(e^l), the Fisher
 * matrix of the output, as long as rates stay well below `bound`: y~ is drawn by inverting the cumulative distribution at `uniform`
 * [B, entries of an example] in (0, 1), which is tabulated up to `bound` (default 64, good for rates up to 32); larger draws are cut
 * to it. Work and memory are B x entries x bound. @throws {ModelError} for a bound that is not a positive integer
 */
export function sampledPoissonCotangent(
  logRates: tf.Tensor,
  uniform: tf.Tensor,
  options: LossOptions & { readonly bound?: number } = {},
): tf.Tensor {
  const { bound = 64 } = options;
  if (!Number.isInteger(bound) || bound < 1) throw new ModelError('poisson bound', 'a positive integer', String(bound));
  const l = tf.expandDims(logRates, -1);
  const logProbabilities = tf.sub(tf.sub(tf.mul(tf.range(0, bound), l), tf.exp(l)), tf.tensor1d(logFactorials(bound)));
  const cumulative = tf.cumsum(tf.exp(logProbabilities), logRates.rank);
  // y~ is the number of k with P(y <= k) below the uniform number.
  const below = tf.less(cumulative, tf.expandDims(tf.reshape(uniform, logRates.shape), -1));
  return masked(tf.sub(tf.exp(logRates), tf.sum(tf.cast(below, 'float32'), -1)), options);
}

/** How far the argument is lifted before Stirling's series, whose error there is below 1e-11. */
const LIFT = 8;

/** log y! for y >= 0: Stirling's series for log gamma(y + 1 + LIFT) (Abramowitz and Stegun 6.1.41), minus the logs of the steps. */
function logFactorial(y: tf.Tensor): tf.Tensor {
  const x = tf.add(y, 1 + LIFT);
  const inverse = tf.reciprocal(x);
  const square = tf.square(inverse);
  // 1/12 - 1/360 x^-2 + ...: divisions of whole numbers, which keep their digits in a float64 run.
  const terms = [-1680, 1260, -360, 12].map((divisor): tf.Tensor => tf.div(1, divisor));
  const series = terms.reduce((sum, term) => tf.add(tf.mul(sum, square), term));
  const main = tf.sub(tf.mul(tf.sub(x, 0.5), tf.log(x)), x);
  const steps = Array.from({ length: LIFT }, (_, k) => tf.add(y, k + 1)).reduce((product, factor) => tf.mul(product, factor));
  return tf.sub(tf.add(tf.add(main, 0.5 * Math.log(2 * Math.PI)), tf.mul(series, inverse)), tf.log(steps));
}

/** log 0!, log 1!, ... */
function logFactorials(length: number): Float32Array {
  const table = new Float64Array(length);
  for (let k = 1; k < length; k++) table[k] = table[k - 1] + Math.log(k);
  return Float32Array.from(table);
}
