/**
 * Patches of images with channels first, float32: what the taps of a convolution see, as rows of a matrix [taps C, P] for each
 * image, P positions. They are slices of the padded images, joined.
 */
import { sizeOf, type Shape } from '@geodesic/tensor';
import type { Site } from './emission.ts';
import { windowAt } from './emit-patches.ts';

/** Writes a Reshape. */
export function reshape({ writer }: Site, name: string, shape: Shape): string {
  return writer.op('Reshape', [name, writer.integers(shape)]);
}

/** Writes a Transpose. */
export function transpose({ writer }: Site, name: string, perm: readonly number[]): string {
  return writer.op('Transpose', [name], { perm });
}

/** Joins values along an axis; one value is itself. */
export function concat({ writer }: Site, names: readonly string[], axis: number): string {
  return names.length === 1 ? names[0] : writer.op('Concat', names, { axis });
}

/** What each kernel row sees, [B, kw C, H', W'] in the order kw, C. Rows of pixels lie side by side in memory: only columns are copied with care. */
export function rowPatches(site: Site): string[] {
  const [kh, kw] = kernelOf(site);
  const padded = padImages(site);
  const columns = list(kw, (column) => seen(site, padded, { column }));
  const joined = concat(site, columns, 1);
  return list(kh, (row) => seen(site, joined, { row }));
}

/** What all taps see, [B, kh kw C, P]. Equal windows over the same images are one value, whichever kernel asks. */
export function allPatches(site: Site): string {
  const [kh, kw] = kernelOf(site);
  const { shape } = site.inputTypes[0];
  const padded = padImages(site);
  const taps = list(kh * kw, (tap) => seen(site, padded, { row: Math.floor(tap / kw), column: tap % kw }));
  const { positions } = windowAt(site, shape, [kh, kw]);
  return reshape(site, concat(site, taps, 1), [shape[0], kh * kw * shape[3], sizeOf(positions)]);
}

/** kh and kw of a Conv2D, its filter's gradient, or Patches. */
function kernelOf({ node, inputTypes }: Site): readonly number[] {
  if (node.kernel === 'Patches') return node.attributes.kernel as readonly number[];
  return (node.kernel === 'Conv2D' ? inputTypes[1].shape : node.shape).slice(0, 2);
}

/** The images in their padding. */
function padImages({ writer, inputs, node }: Site): string {
  const [top, bottom, left, right] = node.attributes.pads as readonly number[];
  if (top + bottom + left + right === 0) return inputs[0];
  return writer.op('Pad', [inputs[0], writer.integers([0, 0, top, left, 0, 0, bottom, right]), writer.scalar(node.dtype, 0)]);
}

/** What a kernel row, a kernel column or a tap sees: strided pixels along H, W or both. */
function seen(site: Site, padded: string, place: { readonly row?: number; readonly column?: number }): string {
  const { writer, inputTypes } = site;
  const { positions, strides, dilations } = windowAt(site, inputTypes[0].shape, kernelOf(site));
  const ranges = [place.row, place.column].flatMap((tap, axis) => {
    if (tap === undefined) return [];
    const begin = tap * dilations[axis];
    return [{ begin, end: begin + (positions[axis] - 1) * strides[axis] + 1, axis: 2 + axis, stride: strides[axis] }];
  });
  const bounds = (['begin', 'end', 'axis', 'stride'] as const).map((key) => writer.integers(ranges.map((range) => range[key])));
  return writer.op('Slice', [padded, ...bounds]);
}

function list(count: number, make: (tap: number) => string): string[] {
  return Array.from({ length: count }, (_, tap) => make(tap));
}
