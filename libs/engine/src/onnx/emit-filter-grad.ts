/**
 * The gradient of a convolution's filter in ONNX, channels first, float32: patches [B, taps C, P] times dy [B, P, O], added over
 * the images; one product for each kernel row, so that kw patches are held at a time, not kh kw. (A Conv of the images with dy
 * as their filter, batch and channels swapped, takes 1.7 times as long: its products are as narrow as the kernel is small.)
 * Letters: B images, G groups, T taps, P positions; c channels of a group, O all outputs.
 */
import { sizeOf } from '@geodesic/tensor';
import type { ImageEmissionTable, Site } from './emission.ts';
import { concat, reshape, rowPatches, transpose } from './image-patches.ts';

/** Rows of a product below which the taps of all kernel rows are taken together: a narrow product wastes the vector unit. */
export const NARROW = 16;

/** Products of images' matrices, added over the images. */
export function productOverImages({ writer }: Site, a: string, b: string): string {
  return writer.op('ReduceSum', [writer.op('MatMul', [a, b]), writer.integers([0])], { keepdims: 0 });
}

function filterGrad(site: Site): string {
  const { inputs, inputTypes, node } = site;
  const [kh, kw, c, O] = node.shape;
  const [B, G] = [inputTypes[0].shape[0], node.attributes.groups as number];
  const P = sizeOf(inputTypes[1].shape.slice(1, 3));
  const rows = rowPatches(site);
  const parts = kw * c < NARROW ? [concat(site, rows, 1)] : rows;
  const T = (kh * kw) / parts.length;
  if (G === 1) {
    const dy = transpose(site, reshape(site, inputs[1], [B, O, P]), [0, 2, 1]);
    const sums = parts.map((part) => productOverImages(site, reshape(site, part, [B, T * c, P]), dy));
    return reshape(site, concat(site, sums, 0), node.shape);
  }
  const dy = transpose(site, reshape(site, inputs[1], [B, G, O / G, P]), [0, 1, 3, 2]);
  const sums = parts.map((part) => {
    const grouped = transpose(site, reshape(site, part, [B, T, G, c, P]), [0, 2, 1, 3, 4]);
    return transpose(site, productOverImages(site, reshape(site, grouped, [B, G, T * c, P]), dy), [1, 0, 2]);
  });
  return reshape(site, concat(site, sums, 0), node.shape);
}

/** Emission of a filter's gradient. */
export const filterGradEmissions: ImageEmissionTable = { Conv2DFilterGrad: { takes: ['first', 'first'], gives: 'last', emit: filterGrad } };
