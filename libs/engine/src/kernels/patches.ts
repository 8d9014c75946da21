/**
 * Patches of images (im2col): what each window sees, as a row. x [B, H, W, C] -> [B, H', W', kh kw C], the entries of a row in
 * the order kh, kw, C, so that a filter [kh, kw, C, O], read as the matrix [kh kw C, O], turns rows into the outputs of a
 * convolution. Entries in the padding are zero. PatchesGrad, the transpose, adds rows back to the pixels that they came from.
 */
import { sizeOf } from '@geodesic/tensor';
import { KernelError } from '../errors.ts';
import type { Attributes } from '../graph.ts';
import { requireFloat, type Inferred, type Kernel } from '../kernel.ts';
import { kernelAttribute, requireImages, requirePositions, sizeAttribute, tapsOf, windowOf, type Window } from './window.ts';

function patchWindow(name: string, size: readonly number[], attributes: Attributes): Window {
  return windowOf(name, { size, kernel: kernelAttribute(name, attributes), attributes });
}

function windowAttributes({ kernel, strides, pads, dilations }: Window): Attributes {
  return { kernel, strides, pads, dilations };
}

/** Calls `visit` with offsets of blocks of C entries in the images and in the patches. */
function eachBlock(at: { window: Window; batch: number; channels: number }, visit: (image: number, patch: number) => void): void {
  const { window, batch, channels } = at;
  const { position, pixel, tap } = tapsOf(window);
  const [pixels, positions] = [window.size[0] * window.size[1], window.positions[0] * window.positions[1]];
  const taps = window.kernel[0] * window.kernel[1];
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < tap.length; i++)
      visit((b * pixels + pixel[i]) * channels, ((b * positions + position[i]) * taps + tap[i]) * channels);
}

const patches: Kernel = {
  name: 'Patches',
  arity: 1,
  infer([x], attributes): Inferred {
    requireFloat('Patches', x);
    requireImages('Patches', x.shape);
    const [batch, height, width, channels] = x.shape;
    const window = patchWindow('Patches', [height, width], attributes);
    const shape = [batch, ...window.positions, window.kernel[0] * window.kernel[1] * channels];
    return { shape, dtype: x.dtype, attributes: windowAttributes(window) };
  },
  evaluate([x], { shape, attributes }) {
    const [batch, height, width, channels] = x.shape;
    const out = new Float64Array(sizeOf(shape));
    eachBlock({ window: patchWindow('Patches', [height, width], attributes), batch, channels }, (image, patch) =>
      out.set(x.data.subarray(image, image + channels), patch),
    );
    return out;
  },
  vjp: (x, { inputs: [images], cotangent, attributes }) => [
    () => x.builder.add('PatchesGrad', [cotangent], { ...attributes, size: x.shapeOf(images).slice(1, 3) }),
  ],
  jvp: (x, { tangents: [tangent], attributes }) => x.builder.add('Patches', [tangent!], attributes),
};

const patchesGrad: Kernel = {
  name: 'PatchesGrad',
  arity: 1,
  infer([rows], attributes): Inferred {
    const name = 'PatchesGrad';
    requireFloat(name, rows);
    const size = sizeAttribute(name, attributes);
    const window = patchWindow(name, size, attributes);
    requirePositions(name, rows.shape, window.positions);
    const channels = rows.shape[3] / (window.kernel[0] * window.kernel[1]);
    if (!Number.isInteger(channels))
      throw new KernelError(name, `rows of kh kw C entries, kernel [${window.kernel.join(',')}]`, String(rows.shape[3]));
    return { shape: [rows.shape[0], ...size, channels], dtype: rows.dtype, attributes: { ...windowAttributes(window), size } };
  },
  evaluate([rows], { shape, attributes }) {
    const [batch, height, width, channels] = shape;
    const out = new Float64Array(sizeOf(shape));
    eachBlock({ window: patchWindow('PatchesGrad', [height, width], attributes), batch, channels }, (image, patch) => {
      for (let c = 0; c < channels; c++) out[image + c] += rows.data[patch + c];
    });
    return out;
  },
  vjp: (x, { cotangent, attributes: { kernel, strides, pads, dilations } }) => [
    () => x.builder.add('Patches', [cotangent], { kernel, strides, pads, dilations }),
  ],
  jvp: (x, { tangents: [tangent], attributes }) => x.builder.add('PatchesGrad', [tangent!], attributes),
};

/** Patches and their transpose. */
export const patchKernels: readonly Kernel[] = [patches, patchesGrad];
