/**
 * The convolution over a sequence, x [B, T, C] -> [B, T', O], as a convolution of an image of height 1: W [1, k, C, O], b [O].
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '@geodesic/tensor';
import { ModelError } from '../errors.ts';
import type { WeightInitializer } from '../initializers.ts';
import type { ShapedLayer } from '../layer.ts';
import { conv2d } from './conv2d.ts';

/** Shape and first values of a convolution over a sequence. */
export interface Conv1dOptions {
  readonly name: string;
  /** [T, C] of one example. */
  readonly inputShape: Shape;
  /** O */
  readonly filters: number;
  /** Length of the window. */
  readonly kernel: number;
  /** Steps between windows; default 1. */
  readonly stride?: number;
  /** `causal` pads in front only: the output at t sees no input after t. Default `valid`. */
  readonly padding?: 'valid' | 'same' | 'causal';
  /** Distance between the entries of a window; default 1. Only with a stride of 1. */
  readonly dilation?: number;
  /** Default true. */
  readonly bias?: boolean;
  /** Default: normal with variance 2 / (k C), for relu. */
  readonly weightInitializer?: WeightInitializer;
  /** What curvature makes of the positions; default `expand`. */
  readonly sharing?: 'expand' | 'reduce';
}

/**
 * Describes a convolution over a sequence; its parameters are `<name>.weight` [1, k, C, O] and `<name>.bias`.
 * @throws {ModelError} when the input is not [T, C] or no window fits into it
 */
export function conv1d(options: Conv1dOptions): ShapedLayer {
  const { name, inputShape, kernel, stride = 1, padding = 'valid', dilation = 1, ...rest } = options;
  if (inputShape.length !== 2) throw new ModelError(name, 'an input shape [T, C]', `[${inputShape.join(', ')}]`);
  const [length, channels] = inputShape;
  const before = padding === 'causal' ? (kernel - 1) * dilation : 0;
  const flat = conv2d({
    ...rest,
    name,
    inputShape: [1, length + before, channels],
    kernel: [1, kernel],
    strides: [1, stride],
    padding: padding === 'same' ? 'same' : 'valid',
    dilations: [1, dilation],
  });
  return {
    ...flat,
    outputShape: flat.outputShape.slice(1),
    apply: (tensors, x) => {
      const image = tf.reshape(x, [-1, 1, length, channels]);
      const paddings = [0, 0, before, 0].map((count): [number, number] => [count, 0]);
      const padded = before === 0 ? image : tf.pad(image, paddings);
      return tf.reshape(flat.apply(tensors, padded), [-1, ...flat.outputShape.slice(1)]);
    },
  };
}
