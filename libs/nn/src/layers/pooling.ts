/**
 * Layers that shrink an image [B, H, W, C] or a sequence [B, T, C], and the flattening in front of a dense layer. None has parameters.
 */
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf, type Shape } from '@geodesic/tensor';
import { emptyTables, type Layer, type ShapedLayer } from '../layer.ts';
import { maskedMean } from '../length-mask.ts';
import { slide, type Pair } from './window.ts';

/** A pool's windows; they stand side by side unless `strides` says otherwise. */
export interface PoolOptions {
  /** [H, W, C] of one example. */
  readonly inputShape: Shape;
  readonly kernel: Pair;
  /** Default: the kernel. */
  readonly strides?: Pair;
  /** `same` pads; padding counts neither as a maximum nor in an average. Default `valid`. */
  readonly padding?: 'valid' | 'same';
}

/** The largest entry of each window; the first one, row by row, takes the gradient. @throws {ModelError} when no window fits */
export function maxPool2d(options: PoolOptions): ShapedLayer {
  const { kernel, strides, padding, outputSize } = slide('maxPool2d', options.inputShape, { ...options, defaultStrides: options.kernel });
  return {
    ...emptyTables,
    outputShape: [...outputSize, options.inputShape[2]],
    apply: (_, x) => tf.maxPool(x as tf.Tensor4D, kernel, strides, padding),
  };
}

/** The mean of each window. @throws {ModelError} when no window fits */
export function avgPool2d(options: PoolOptions): ShapedLayer {
  const { kernel, strides, padding, outputSize } = slide('avgPool2d', options.inputShape, { ...options, defaultStrides: options.kernel });
  return {
    ...emptyTables,
    outputShape: [...outputSize, options.inputShape[2]],
    apply: (_, x) => tf.avgPool(x as tf.Tensor4D, kernel, strides, padding),
  };
}

/** The mean over all pixels: [B, H, W, C] -> [B, C]. */
export function globalAveragePool(): Layer {
  return { ...emptyTables, apply: (_, x) => tf.mean(x, [1, 2]) };
}

/** The mean over the real positions of a sequence: [B, T, C] -> [B, C]. `apply` takes `mask` [B, T]. */
export function meanOverPositions(): Layer {
  return { ...emptyTables, apply: (_, x, { mask } = {}) => maskedMean(x, mask) };
}

/** All entries of an example as one row: [B, ...] -> [B, entries]. */
export function flatten(): Layer {
  return { ...emptyTables, apply: (_, x) => tf.reshape(x, [x.shape[0], sizeOf(x.shape.slice(1))]) };
}
