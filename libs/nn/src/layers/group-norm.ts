/**
 * Group norm (Wu and He 2018): normalises groups of consecutive channels over all positions of one example, so that it couples no
 * examples. x [B, ..., C] -> the same shape; one group is layer norm over the whole example, C groups are instance norm.
 */
import * as tf from '@tensorflow/tfjs-core';
import { ModelError } from '../errors.ts';
import type { Layer } from '../layer.ts';
import type { PositionOptions } from './positions.ts';
import { scaleAndShift } from './scale-and-shift.ts';

/** Sizes of a group norm. */
export interface GroupNormOptions extends PositionOptions {
  readonly name: string;
  /** C, the last axis. */
  readonly channels: number;
  /** Divides `channels`. */
  readonly groups: number;
  /** Added to the variance, default 1e-5. */
  readonly epsilon?: number;
}

/**
 * Describes a group norm; its parameters are `<name>.gain` and `<name>.bias`.
 * @throws {ModelError} when the groups do not divide the channels
 */
export function groupNorm(options: GroupNormOptions): Layer {
  const { name, channels, groups, epsilon = 1e-5 } = options;
  if (!Number.isInteger(channels / groups)) throw new ModelError(name, `groups that divide ${channels} channels`, String(groups));
  const affine = scaleAndShift({ ...options, bias: true });
  return {
    ...affine,
    apply: (tensors, x) => {
      const grouped = tf.reshape(x, [x.shape[0], -1, groups, channels / groups]);
      const centred = tf.sub(grouped, tf.mean(grouped, [1, 3], true));
      const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), [1, 3], true), epsilon));
      return affine.apply(tensors, tf.reshape(tf.mul(centred, scale), x.shape));
    },
  };
}
