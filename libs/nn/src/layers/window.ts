/**
 * Windows that slide over an image, [H, W, C]: how convolutions and pools are described, and the size that comes out.
 */
import type { Shape } from '@geodesic/tensor';
import { ModelError } from '../errors.ts';

/** Height and width. */
export type Pair = readonly [number, number];

/** A sliding window. */
export interface WindowOptions {
  /** Height and width of the window, in entries. */
  readonly kernel: Pair;
  /** Steps between windows; default [1, 1] for convolutions, the kernel for pools. */
  readonly strides?: Pair;
  /** `valid` keeps windows inside; `same` pads with zeros so that the size is divided by the stride only. Default `valid`. */
  readonly padding?: 'valid' | 'same';
  /** Distance between the entries of a window; default [1, 1]. Only with strides of 1. */
  readonly dilations?: Pair;
}

/** A window with its defaults filled in. */
export interface Window {
  readonly kernel: [number, number];
  readonly strides: [number, number];
  readonly padding: 'valid' | 'same';
  readonly dilations: [number, number];
  /** [H', W'] */
  readonly outputSize: Pair;
}

/**
 * Fills in the defaults and computes the output's size.
 * @throws {ModelError} naming the layer, when the input is not [H, W, C] or no window fits
 */
export function slide(name: string, inputShape: Shape, options: WindowOptions & { readonly defaultStrides: Pair }): Window {
  const { kernel, strides = options.defaultStrides, padding = 'valid', dilations = [1, 1] } = options;
  if (inputShape.length !== 3) throw new ModelError(name, 'an input shape [H, W, C]', `[${inputShape.join(', ')}]`);
  const size = (axis: 0 | 1): number => {
    const extent = (kernel[axis] - 1) * dilations[axis] + 1;
    const room = padding === 'same' ? inputShape[axis] : inputShape[axis] - extent + 1;
    return Math.ceil(room / strides[axis]);
  };
  const outputSize: Pair = [size(0), size(1)];
  if (Math.min(...outputSize) < 1)
    throw new ModelError(name, `an image of at least the window ${kernel.join(' x ')}`, `[${inputShape.join(', ')}]`);
  return { kernel: [...kernel], strides: [...strides], padding, dilations: [...dilations], outputSize };
}
