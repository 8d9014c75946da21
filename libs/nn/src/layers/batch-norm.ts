/**
 * Ghost batch norm (Ioffe and Szegedy 2015; Hoffer et al. 2017): while training, channels are normalised with the moments of the
 * slot's rows, each weighted by `weight`, so that padding rows do not count; in evaluation with the committed running averages.
 * The slot is part of the model's meaning, so any number of workers trains the same model. Curvature takes the moments as constants.
 *   mean m = sum_b w_b mean_p x_bp / sum_b w_b, variance v = sum_b w_b mean_p (x_bp - m)^2 / sum_b w_b, p the positions of a row
 * Reported sums over the slot are `moments/<name>/mean` and `moments/<name>/variance`; divided by the count of examples they are the
 * averages of m and v over slots (variance within slots: what training divides by, and no difference of large numbers).
 */
import * as tf from '@tensorflow/tfjs-core';
import { tap } from '@geodesic/engine/trace';
import { ModelError } from '../errors.ts';
import type { Layer } from '../layer.ts';
import type { Tensors } from '../model.ts';
import type { PositionOptions } from './positions.ts';
import { scaleAndShift } from './scale-and-shift.ts';

/** Sizes of a batch norm. */
export interface BatchNormOptions extends PositionOptions {
  readonly name: string;
  /** C, the last axis. */
  readonly channels: number;
  /** Of the running averages, a step; default 0.9. */
  readonly decay?: number;
  /** Added to the variance, default 1e-5. */
  readonly epsilon?: number;
}

/** Sums over the rows of a slot, weighted: of means, and of squared distances from the slot's mean. */
interface SlotMoments {
  readonly centred: tf.Tensor;
  readonly meanSum: tf.Tensor;
  readonly variance: tf.Tensor;
  readonly varianceSum: tf.Tensor;
}

/**
 * Describes a batch norm; its parameters are `<name>.gain` and `<name>.bias`, its state `<name>.mean` and `<name>.variance`, all [C].
 * Its model has coupling `moments`. In training it reads the row weights `weight` [B].
 */
export function batchNorm(options: BatchNormOptions): Layer {
  const { name, channels, decay = 0.9, epsilon = 1e-5 } = options;
  const affine = scaleAndShift({ ...options, bias: true });
  const sums = { mean: `moments/${name}/mean`, variance: `moments/${name}/variance` };
  const normalise = (centred: tf.Tensor, variance: tf.Tensor): tf.Tensor => tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon)));
  const rule = (sum: string) => ({ kind: 'moving-average-of-sum', sum, decay }) as const;
  return {
    ...affine,
    state: [
      { name: `${name}.mean`, shape: [channels], initial: 0, rule: rule(sums.mean) },
      { name: `${name}.variance`, shape: [channels], initial: 1, rule: rule(sums.variance) },
    ],
    apply: (tensors, x, { training = false, report } = {}) => {
      if (!training) return affine.apply(tensors, normalise(tf.sub(x, tensors[`${name}.mean`]), tensors[`${name}.variance`]));
      const { centred, meanSum, variance, varianceSum } = slotMoments(name, tensors, x);
      report?.(sums.mean, meanSum);
      report?.(sums.variance, varianceSum);
      return affine.apply(tensors, normalise(centred, variance));
    },
  };
}

function slotMoments(name: string, { weight }: Tensors, x: tf.Tensor): SlotMoments {
  if (weight === undefined) throw new ModelError(name, "the rows' weights `weight` [B] while training", 'none');
  const [rows, channels] = [x.shape[0], x.shape[x.rank - 1]];
  const weights = tf.reshape(weight, [rows, 1]);
  // A slot without examples must give zeros, not 0 / 0.
  const count = tf.maximum(tf.sum(weight), 1);
  const sumOf = (values: tf.Tensor): tf.Tensor => tf.sum(tf.mul(weights, tf.mean(tf.reshape(values, [rows, -1, channels]), 1)), 0);
  const moment = (sum: tf.Tensor): tf.Tensor => tap(tf.div(sum, count), { layer: name, role: 'moment' });
  const meanSum = sumOf(x);
  const centred = tf.sub(x, moment(meanSum));
  const varianceSum = sumOf(tf.square(centred));
  return { centred, meanSum, variance: moment(varianceSum), varianceSum };
}
