/**
 * Windows in ONNX by slices, one a tap, for what a provider's own convolutions and pools do not do: other dtypes, gradients of
 * pools. Channels stand last. A tap's slice is the pixels that all windows see through it; placing it back is the transpose.
 */
import type { DType, Shape } from '@geodesic/tensor';
import type { Window } from '../kernels/window.ts';
import type { OnnxWriter } from './writer.ts';

/** An image value [B, H, W, C]. */
export interface Images {
  readonly name: string;
  readonly dtype: DType;
}

/**
 * One slice [B, H', W', C] for each tap, in the order kh, kw.
 * @param padding what stands outside the image; default 0
 */
export function tapSlices(writer: OnnxWriter, images: Images, window: Window, padding: number = 0): string[] {
  const { pads, positions, strides } = window;
  const axes = writer.integers([1, 2]);
  const amounts = aroundImage([pads[0], pads[2]], [pads[1], pads[3]]);
  const padded = pads.some((pad) => pad > 0)
    ? writer.op('Pad', [images.name, writer.integers(amounts), writer.scalar(images.dtype, padding)])
    : images.name;
  return tapOffsets(window).map((offset) => {
    const ends = offset.map((at, i) => at + (positions[i] - 1) * strides[i] + 1);
    return writer.op('Slice', [padded, writer.integers(offset), writer.integers(ends), axes, writer.integers(strides)]);
  });
}

/** The image to which every tap's slice is added at the pixels that it came from of `shape`. */
export function placeTaps(
  writer: OnnxWriter,
  slices: readonly string[],
  at: { readonly window: Window; readonly shape: Shape; readonly dtype: DType },
): string {
  const { window, dtype } = at;
  const { size, pads, positions, strides } = window;
  const zero = writer.scalar(dtype, 0);
  const spread = positions.map((n, i) => n * strides[i]);
  const terms = tapOffsets(window).map((offset, tap) => {
    const name = strides.every((stride) => stride === 1) ? slices[tap] : dilate(writer, slices[tap], { ...at, zero });
    // Negative amounts cut away what falls into the padding.
    const before = offset.map((from, i) => from - pads[2 * i]);
    const after = size.map((n, i) => n - spread[i] - before[i]);
    return writer.op('Pad', [name, writer.integers(aroundImage(before, after)), zero]);
  });
  return terms.reduce((sum, term) => writer.op('Add', [sum, term]));
}

/** Puts stride - 1 zeros after every row and column of a slice. */
function dilate(writer: OnnxWriter, slice: string, at: { readonly window: Window; readonly shape: Shape; readonly zero: string }): string {
  const {
    positions: [rows, columns],
    strides,
  } = at.window;
  const [batch, , , channels] = at.shape;
  const apart = writer.op('Reshape', [slice, writer.integers([batch, rows, 1, columns, 1, channels])]);
  const gaps = [0, 0, 0, 0, 0, 0, 0, 0, strides[0] - 1, 0, strides[1] - 1, 0];
  const filled = writer.op('Pad', [apart, writer.integers(gaps), at.zero]);
  return writer.op('Reshape', [filled, writer.integers([batch, rows * strides[0], columns * strides[1], channels])]);
}

/** Amounts of a Pad along H and W. */
function aroundImage(before: readonly number[], after: readonly number[]): number[] {
  return [0, ...before, 0, 0, ...after, 0];
}

/** Row and column of each tap in its window. */
function tapOffsets({ kernel, dilations }: Window): number[][] {
  return Array.from({ length: kernel[0] * kernel[1] }, (_, tap) => [
    Math.floor(tap / kernel[1]) * dilations[0],
    (tap % kernel[1]) * dilations[1],
  ]);
}
