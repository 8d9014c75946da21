/**
 * The depthwise convolution: every channel is convolved with M filters of its own. x [B, H, W, C], W [kh, kw, C, M], b [C M],
 * z [B, H', W', C M]. Its Fisher matrix is C small blocks and no Kronecker product, so it is no captured layer: first-order methods
 * train it.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '@geodesic/tensor';
import { heNormal, resolveInitializer, zeros, type WeightInitializer } from '../initializers.ts';
import type { ShapedLayer } from '../layer.ts';
import { slide, type WindowOptions } from './window.ts';

/** Shape and first values of a depthwise convolution. */
export interface DepthwiseConv2dOptions extends WindowOptions {
  readonly name: string;
  /** [H, W, C] of one example. */
  readonly inputShape: Shape;
  /** M, filters of a channel; default 1. */
  readonly multiplier?: number;
  /** Default true. */
  readonly bias?: boolean;
  /** Default: normal with variance 2 / (kh kw), for relu. */
  readonly weightInitializer?: WeightInitializer;
}

/**
 * Describes a depthwise convolution; its parameters are `<name>.weight` and `<name>.bias`.
 * @throws {ModelError} when no window fits into the input
 */
export function depthwiseConv2d(options: DepthwiseConv2dOptions): ShapedLayer {
  const { name, inputShape, multiplier = 1, bias = true, weightInitializer = heNormal } = options;
  const { kernel, strides, padding, dilations, outputSize } = slide(name, inputShape, { ...options, defaultStrides: [1, 1] });
  const [area, channels] = [kernel[0] * kernel[1], inputShape[2]];
  const weight = `${name}.weight`;
  const initializer = resolveInitializer(weightInitializer, { fanIn: area, fanOut: area * multiplier });
  return {
    entries: [],
    parameters: [
      { name: weight, shape: [...kernel, channels, multiplier], initializer },
      ...(bias ? [{ name: `${name}.bias`, shape: [channels * multiplier], initializer: zeros }] : []),
    ],
    state: [],
    random: [],
    outputShape: [...outputSize, channels * multiplier],
    apply: (tensors, x) => {
      const filter = tensors[weight] as tf.Tensor4D;
      const product = tf.depthwiseConv2d(x as tf.Tensor4D, filter, strides, padding, 'NHWC', dilations);
      return bias ? tf.add(product, tensors[`${name}.bias`]) : product;
    },
  };
}
