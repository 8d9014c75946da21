/**
 * The two-dimensional convolution z = x * W + b, NHWC: x [B, H, W, C], W [kh, kw, C, O], b [O], z [B, H', W', O]. As a layer it is
 * dense over patches: the homogeneous matrix [kh kw C + 1, O] is W, row by row, with b as its last row.
 */
import * as tf from '@tensorflow/tfjs-core';
import { tap } from '@geodesic/engine/trace';
import type { Shape } from '@geodesic/tensor';
import { heNormal, resolveInitializer, zeros, type WeightInitializer } from '../initializers.ts';
import type { ShapedLayer } from '../layer.ts';
import { sharingOf } from './positions.ts';
import { slide, type WindowOptions } from './window.ts';

/** Shape and first values of a convolution. */
export interface Conv2dOptions extends WindowOptions {
  readonly name: string;
  /** [H, W, C] of one example. */
  readonly inputShape: Shape;
  /** O */
  readonly filters: number;
  /** Default true; false where a batch norm follows. */
  readonly bias?: boolean;
  /** Default: normal with variance 2 / (kh kw C), for relu. */
  readonly weightInitializer?: WeightInitializer;
  /** What curvature makes of the pixels; default `expand`, `reduce` where all pixels are pooled. */
  readonly sharing?: 'expand' | 'reduce';
}

/**
 * Describes a convolution; its parameters are `<name>.weight` and `<name>.bias`.
 * @throws {ModelError} when no window fits into the input
 */
export function conv2d(options: Conv2dOptions): ShapedLayer {
  const { name, inputShape, filters, bias = true, weightInitializer = heNormal, sharing } = options;
  const { kernel, strides, padding, dilations, outputSize } = slide(name, inputShape, { ...options, defaultStrides: [1, 1] });
  const [area, channels] = [kernel[0] * kernel[1], inputShape[2]];
  const weight = `${name}.weight`;
  const positions = { positions: outputSize[0] * outputSize[1], ...(sharing && { sharing }) };
  const initializer = resolveInitializer(weightInitializer, { fanIn: area * channels, fanOut: area * filters });
  return {
    entries: [{ name, kind: 'conv', inputs: area * channels, outputs: filters, bias, weight, ...sharingOf(positions) }],
    parameters: [
      { name: weight, shape: [...kernel, channels, filters], initializer },
      ...(bias ? [{ name: `${name}.bias`, shape: [filters], initializer: zeros }] : []),
    ],
    state: [],
    random: [],
    outputShape: [...outputSize, filters],
    apply: (tensors, x) => {
      const a = tap(x, { layer: name, role: 'input' });
      const product = tf.conv2d(a as tf.Tensor4D, tensors[weight] as tf.Tensor4D, strides, padding, 'NHWC', dilations);
      return tap(bias ? tf.add(product, tensors[`${name}.bias`]) : product, { layer: name, role: 'output' });
    },
  };
}
