/**
 * Sliding windows over images [B, H, W, C], which convolutions, pools and patches share. A window stands at each of the
 * H' x W' positions; its taps are the kernel's entries. Sizes are pairs [along H, along W]; pads are [top, bottom, left, right],
 * and H' = floor((H + top + bottom - dilation (kh - 1) - 1) / stride) + 1.
 */
import type { Shape } from '@geodesic/tensor';
import { KernelError } from '../errors.ts';
import type { Attributes } from '../graph.ts';
import { integersAttribute } from '../kernel.ts';

/** Windows over one image. */
export interface Window {
  /** H, W. */
  readonly size: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  /** H', W'. */
  readonly positions: readonly number[];
}

/** Where taps fall, one entry each of the three lists a tap; taps in the padding are left out. Positions first, taps within, row-major. */
export interface Taps {
  /** Index of the position in [H', W']. */
  readonly position: Int32Array;
  /** Index of the pixel in [H, W]. */
  readonly pixel: Int32Array;
  /** Index of the tap in [kh, kw]. */
  readonly tap: Int32Array;
}

/** Windows of attributes `strides`, `pads`, `dilations` (1 where absent). @throws {KernelError} when they do not fit the image */
export function windowOf(
  name: string,
  at: { readonly size: readonly number[]; readonly kernel: readonly number[]; readonly attributes: Attributes },
): Window {
  const { size, kernel, attributes } = at;
  const strides = counts(name, attributes, 'strides', { length: 2, from: 1 });
  const pads = counts(name, attributes, 'pads', { length: 4, from: 0 });
  const dilations = attributes.dilations === undefined ? [1, 1] : counts(name, attributes, 'dilations', { length: 2, from: 1 });
  const positions = size.map((n, i) => {
    const reach = dilations[i] * (kernel[i] - 1) + 1;
    return Math.floor((n + pads[2 * i] + pads[2 * i + 1] - reach) / strides[i]) + 1;
  });
  if (positions.some((n) => n < 1))
    throw new KernelError(name, 'windows inside the padded image', `kernel [${kernel.join(',')}] on an image [${size.join(',')}]`);
  return { size, kernel, strides, pads, dilations, positions };
}

/** Reads attribute `kernel`, the sizes of a window. @throws {KernelError} */
export function kernelAttribute(name: string, attributes: Attributes): readonly number[] {
  return counts(name, attributes, 'kernel', { length: 2, from: 1 });
}

/** Reads attribute `size`, the H and W of an image. @throws {KernelError} */
export function sizeAttribute(name: string, attributes: Attributes): readonly number[] {
  return counts(name, attributes, 'size', { length: 2, from: 1 });
}

function counts(name: string, attributes: Attributes, key: string, at: { length: number; from: number }): readonly number[] {
  const values = integersAttribute(name, attributes, key, at.length);
  if (values.every((value) => value >= at.from)) return values;
  throw new KernelError(name, `attribute ${key}: integers of at least ${at.from}`, JSON.stringify(values));
}

/** Checks that a value is [B, H, W, C]. @throws {KernelError} */
export function requireImages(name: string, shape: Shape): void {
  if (shape.length !== 4) throw new KernelError(name, 'images [B, H, W, C]', `shape [${shape.join(',')}]`);
}

/** Checks that a value has one entry a position: [B, H', W', ..]. @throws {KernelError} */
export function requirePositions(name: string, shape: Shape, positions: readonly number[]): void {
  if (shape.length === 4 && positions.every((n, i) => n === shape[1 + i])) return;
  throw new KernelError(name, `[B, ${positions.join(', ')}, C], one entry a window`, `[${shape.join(', ')}]`);
}

/** Lists all taps of a window. O(H' W' kh kw). */
export function tapsOf({ size: [height, width], kernel, strides, pads, dilations, positions }: Window): Taps {
  const lists = { position: [] as number[], pixel: [] as number[], tap: [] as number[] };
  for (let position = 0; position < positions[0] * positions[1]; position++) {
    const top = Math.floor(position / positions[1]) * strides[0] - pads[0];
    const left = (position % positions[1]) * strides[1] - pads[2];
    for (let tap = 0; tap < kernel[0] * kernel[1]; tap++) {
      const row = top + Math.floor(tap / kernel[1]) * dilations[0];
      const column = left + (tap % kernel[1]) * dilations[1];
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      lists.position.push(position);
      lists.pixel.push(row * width + column);
      lists.tap.push(tap);
    }
  }
  return { position: Int32Array.from(lists.position), pixel: Int32Array.from(lists.pixel), tap: Int32Array.from(lists.tap) };
}
