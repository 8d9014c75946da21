/**
 * Norms over the channels of one position, which couple no examples: x [B, ..., C] -> the same shape.
 *   layer norm  x^ = (x - mean) / sqrt(var + e)       (Ba et al. 2016), gain and bias
 *   RMS norm    x^ = x / sqrt(mean x^2 + e)           (Zhang and Sennrich 2019), gain only
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Layer } from '../layer.ts';
import type { PositionOptions } from './positions.ts';
import { scaleAndShift } from './scale-and-shift.ts';

/** Sizes of a norm over channels. */
export interface ChannelNormOptions extends PositionOptions {
  readonly name: string;
  /** C, the last axis. */
  readonly channels: number;
  /** Added to the variance, default 1e-5. */
  readonly epsilon?: number;
}

/** Describes a layer norm; its parameters are `<name>.gain` and `<name>.bias`. */
export function layerNorm(options: ChannelNormOptions): Layer {
  const { epsilon = 1e-5 } = options;
  const affine = scaleAndShift({ ...options, bias: true });
  return {
    ...affine,
    apply: (tensors, x) => {
      const centred = tf.sub(x, tf.mean(x, -1, true));
      return affine.apply(tensors, tf.mul(centred, inverseRoot(centred, epsilon)));
    },
  };
}

/** Describes an RMS norm; its parameter is `<name>.gain`. */
export function rmsNorm(options: ChannelNormOptions): Layer {
  const { epsilon = 1e-5 } = options;
  const affine = scaleAndShift({ ...options, bias: false });
  return { ...affine, apply: (tensors, x) => affine.apply(tensors, tf.mul(x, inverseRoot(x, epsilon))) };
}

/** 1 / sqrt(mean x^2 + e) over the last axis, kept as an axis of size 1. */
function inverseRoot(x: tf.Tensor, epsilon: number): tf.Tensor {
  return tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon));
}
