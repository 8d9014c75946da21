/**
 * Tasks other than the classification of whole examples: an exponential family for every entry of the target, or a class at every
 * position. Each has its negative log-likelihood as the loss, in nats, and draws targets from the model for the Fisher matrix.
 *   task                      forward output          distribution of an entry y
 *   squaredErrorTask          predictions             N(prediction, 1)
 *   bernoulliTask             logits                  1 with probability sigmoid(logit)
 *   gaussianTask              outputs [.., 2 D]       N(m, e^s), outputs = means, then log-variances
 *   poissonTask               logRates                Poisson(e^logRate)
 *   sequenceTask              logits [B, T, K]        the softmax of its position
 */
import type { RandomInput } from '@geodesic/engine';
import { sizeOf, type Shape } from '@geodesic/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { ModelError } from './errors.ts';
import { diagonalCurvature, softmaxCurvature } from './output-curvature.ts';
import { bernoulliCrossEntropy, sampledBernoulliCotangent } from './losses/bernoulli.ts';
import { gaussianNll, sampledGaussianCotangent } from './losses/gaussian.ts';
import { poissonNll, sampledPoissonCotangent } from './losses/poisson.ts';
import { sampledSequenceCotangent, sequenceCrossEntropy, sequenceHits } from './losses/sequence-cross-entropy.ts';
import { sampledSquaredErrorCotangent, squaredError } from './losses/squared-error.ts';
import { sumOverExample, type LossOptions } from './losses/sum-over-example.ts';
import type { Task } from './task.ts';
import type { Tensors } from './model.ts';

/** What the target is. */
export interface TaskOptions {
  /** Shape of one example's target. */
  readonly shape: Shape;
  /** `features`: the target is `x` itself, which has this shape. Default: the data set's own. */
  readonly target?: 'features';
  /** Name of a forward output [B, ...] of weights of entries, such as a length mask; its axes are the target's first ones. */
  readonly mask?: string;
}

type Loss = (outputs: tf.Tensor, targets: tf.Tensor, options: LossOptions) => tf.Tensor;
type Draw = (outputs: tf.Tensor, random: tf.Tensor, options: LossOptions) => tf.Tensor;

/** Half the squared distance to `predictions`; y float [B, ...shape]. */
export function squaredErrorTask(options: TaskOptions): Task {
  const draw = sampledSquaredErrorCotangent;
  const variance = tf.onesLike;
  return entrywise(options, { name: 'regression', output: 'predictions', loss: squaredError, draw, distribution: 'normal', variance });
}

/**
 * The Bernoulli cross-entropy of `logits`; y in [0, 1], float [B, ...shape]. A column `squaredError` is |sigmoid(logits) - y|^2, the
 * reconstruction error of autoencoders in the literature.
 */
export function bernoulliTask(options: TaskOptions): Task {
  const variance = (logits: tf.Tensor): tf.Tensor => tf.mul(tf.sigmoid(logits), tf.sigmoid(tf.neg(logits)));
  const squared: Loss = (logits, targets, mask) => sumOverExample(tf.squaredDifference(tf.sigmoid(logits), targets), mask);
  return entrywise(options, {
    name: 'bernoulli',
    output: 'logits',
    loss: bernoulliCrossEntropy,
    draw: sampledBernoulliCotangent,
    distribution: 'uniform',
    variance,
    columns: { squaredError: squared },
  });
}

/** The Gaussian likelihood of `outputs`, means and log-variances along the last axis; y float [B, ...shape]. */
export function gaussianTask(options: TaskOptions): Task {
  return entrywise(options, {
    name: 'regression',
    output: 'outputs',
    loss: gaussianNll,
    draw: sampledGaussianCotangent,
    distribution: 'normal',
    outputShape: [...options.shape.slice(0, -1), 2 * (options.shape.at(-1) ?? 1)],
    // The Fisher information diag(e^-s, 1/2): the Hessian itself is indefinite far from the mean.
    variance: (outputs) => {
      const [, logVariance] = tf.split(outputs, 2, -1);
      return tf.concat([tf.exp(tf.neg(logVariance)), tf.mul(0.5, tf.onesLike(logVariance))], -1);
    },
  });
}

/**
 * The Poisson likelihood of `logRates`; y counts, float [B, ...shape]. `bound` cuts the counts that are drawn for the Fisher matrix;
 * default 64, good for rates up to 32.
 */
export function poissonTask(options: TaskOptions & { readonly bound?: number }): Task {
  const { bound = 64 } = options;
  const draw: Draw = (outputs, random, { mask }) => sampledPoissonCotangent(outputs, random, { bound, ...(mask && { mask }) });
  return entrywise(options, { name: 'poisson', output: 'logRates', loss: poissonNll, draw, distribution: 'uniform', variance: tf.exp });
}

/**
 * A class at each of T positions: `logits` [B, T, K], y int32 [B, T]. The loss is added up over positions; the column `hit` is the
 * share of positions that are right. @throws {ModelError} for fewer than two classes
 */
export function sequenceTask(options: { readonly classes: number; readonly positions: number; readonly mask?: string }): Task {
  const { classes, positions } = options;
  if (!Number.isInteger(classes) || classes < 2) throw new ModelError('classes', 'an integer of at least 2', String(classes));
  const random = randomTarget('uniform', positions);
  return {
    name: 'classification',
    target: { dtype: 'int32', shape: [positions], below: classes },
    columns: ['loss', 'hit'],
    terms: (t) => {
      const loss = sequenceCrossEntropy(t.logits, t.y, maskOf(options, t));
      return { loss, hit: sequenceHits(t.logits, t.y, maskOf(options, t)), objective: loss };
    },
    sampled: {
      output: 'logits',
      random: [random],
      draw: (t) => ({ cotangent: sampledSequenceCotangent(t.logits, t[random.name], maskOf(options, t)) }),
    },
    curvature: softmaxCurvature({ output: 'logits', classes, positions, mask: (t) => maskOf(options, t) }),
  };
}

interface Family {
  readonly name: string;
  readonly output: string;
  readonly loss: Loss;
  readonly draw: Draw;
  readonly distribution: RandomInput['distribution'];
  /** The second derivative of the loss by each entry of the output, or its expectation. */
  readonly variance: (outputs: tf.Tensor) => tf.Tensor;
  /** Shape of one example's output; default that of the target. */
  readonly outputShape?: Shape;
  /** What else is reported of an example. */
  readonly columns?: Readonly<Record<string, Loss>>;
}

function entrywise(options: TaskOptions, family: Family): Task {
  const { name, output, loss, draw, distribution, variance, outputShape = options.shape, columns = {} } = family;
  const random = randomTarget(distribution, sizeOf(options.shape));
  return {
    name,
    target: options.target ?? { dtype: 'float32', shape: options.shape },
    columns: ['loss', ...Object.keys(columns)],
    terms: (t) => {
      const value = loss(t[output], t.y, maskOf(options, t));
      const others = Object.entries(columns).map(([column, of]) => [column, of(t[output], t.y, maskOf(options, t))] as const);
      return { loss: value, objective: value, ...Object.fromEntries(others) };
    },
    sampled: { output, random: [random], draw: (t) => ({ cotangent: draw(t[output], t[random.name], maskOf(options, t)) }) },
    curvature: diagonalCurvature({ output, shape: outputShape, variance, mask: (t) => maskOf(options, t) }),
  };
}

function randomTarget(distribution: RandomInput['distribution'], width: number): RandomInput {
  return { name: `${distribution}:target`, purpose: 'target', distribution, width };
}

function maskOf({ mask }: { readonly mask?: string }, tensors: Tensors): LossOptions {
  return mask === undefined ? {} : { mask: tensors[mask] };
}
