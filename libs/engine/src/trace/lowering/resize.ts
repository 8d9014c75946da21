/**
 * Resizing of images [B, H, W, C]. Bilinear interpolation is linear and separable: one constant matrix for the rows, one for
 * the columns, each with at most two entries in a row. Nearest neighbours are gathered. CropAndResize makes such matrices
 * from its boxes, in the graph. Sampling positions are those of tfjs' cpu backend.
 */
import type {
  CropAndResizeAttrs,
  ResizeBilinearAttrs,
  ResizeBilinearGradAttrs,
  ResizeNearestNeighborAttrs,
  ResizeNearestNeighborGradAttrs,
} from '@tensorflow/tfjs-core';
import type { Recorder, Value } from '../recorder.ts';
import type { LoweringTable } from './lowering.ts';
import { pullBack } from './pull-back.ts';

/** How an axis is sampled. The gradients' attributes lack some in tfjs' types, though its ops pass all. */
interface Sampling {
  readonly alignCorners: boolean;
  readonly halfPixelCenters?: boolean;
}

/** Lowerings of resizing. */
export const resize: LoweringTable = {
  ResizeBilinear: (recorder, { images }, { size, ...sampling }: ResizeBilinearAttrs) => bilinear(recorder, images, size, sampling),
  ResizeBilinearGrad: (recorder, { images, dy }, sampling: ResizeBilinearGradAttrs) =>
    pullBack(recorder, images, dy, (x) => bilinear(recorder, x, dy.shape.slice(1, 3), sampling)),
  ResizeNearestNeighbor: (recorder, { images }, { size, ...sampling }: ResizeNearestNeighborAttrs) =>
    nearest(recorder, images, size, sampling),
  ResizeNearestNeighborGrad: (recorder, { images, dy }, sampling: ResizeNearestNeighborGradAttrs) =>
    pullBack(recorder, images, dy, (x) => nearest(recorder, x, dy.shape.slice(1, 3), sampling)),
  CropAndResize: cropAndResize,
};

/** Source position of every sample along an axis of `from` entries. */
function positions(from: number, to: number, { alignCorners, halfPixelCenters }: Sampling, center: number): number[] {
  const corners = alignCorners && to > 1;
  const ratio = corners ? (from - 1) / (to - 1) : from / to;
  return Array.from({ length: to }, (_, i) => (halfPixelCenters ? ratio * (i + 0.5) - center : ratio * i));
}

function bilinear(recorder: Recorder, images: Value, [height, width]: readonly number[], sampling: Sampling): Value {
  const [, rows, columns] = images.shape;
  const [down, across] = [interpolation(rows, height, sampling), interpolation(columns, width, sampling)];
  return interpolate(recorder, recorder.cast(images, 'float32'), [
    recorder.data(down, 'float32', [height, rows]),
    recorder.data(across, 'float32', [width, columns]),
  ]);
}

/** Matrix [to, from] with weights 1 - f and f at the neighbours of each position. */
function interpolation(from: number, to: number, sampling: Sampling): Float64Array {
  const weights = new Float64Array(to * from);
  positions(from, to, sampling, 0.5).forEach((at, i) => {
    const below = Math.max(0, Math.floor(at));
    const above = Math.min(from - 1, Math.ceil(at));
    weights[i * from + below] += 1 - (at - below);
    weights[i * from + Math.max(above, 0)] += at - below;
  });
  return weights;
}

/** Applies matrices [h, H] and [w, W], or one pair an image ([B, h, H], [B, w, W]), to images [B, H, W, C]. */
function interpolate(recorder: Recorder, images: Value, [down, across]: readonly [Value, Value]): Value {
  const [batch, rows, columns, channels] = images.shape;
  const [height, width] = [down.shape[down.shape.length - 2], across.shape[across.shape.length - 2]];
  const product = (a: Value, b: Value): Value => recorder.kernel('BatchMatMul', [a, b], { transposeA: false, transposeB: false });
  const tall = product(down, recorder.reshape(images, [batch, rows, columns * channels]));
  const wide = recorder.reshape(tall, [batch, height, columns, channels]);
  return product(across.shape.length === 2 ? across : recorder.reshape(across, [batch, 1, width, columns]), wide);
}

function nearest(recorder: Recorder, images: Value, size: readonly number[], sampling: Sampling): Value {
  return size.reduce((value, to, i) => {
    const from = images.shape[i + 1];
    const indices = positions(from, to, sampling, 0).map((at) => {
      const closest = sampling.alignCorners ? Math.round(at) : Math.floor(at);
      return Math.min(from - 1, closest);
    });
    return recorder.kernel('GatherV2', [value, recorder.data(Int32Array.from(indices), 'int32', [to])], { axis: i + 1 });
  }, images);
}

/** Boxes [N, 4] of (y1, x1, y2, x2) in units of the image, cut from images boxInd [N]; samples outside are extrapolated. */
function cropAndResize(
  recorder: Recorder,
  { image, boxes, boxInd }: Readonly<Record<string, Value>>,
  { cropSize, method, extrapolationValue }: CropAndResizeAttrs,
): Value {
  const count = boxes.shape[0];
  const cut = recorder.kernel('GatherV2', [recorder.cast(image, 'float32'), boxInd], { axis: 0 });
  const corner = (i: number): Value => recorder.slice(boxes, [0, i], [count, 1]);
  const axes = cropSize.map((to, axis) => boxSamples(recorder, [corner(axis), corner(axis + 2)], { from: image.shape[axis + 1], to }));
  const weights = axes.map(({ at }, axis) => {
    const from = image.shape[axis + 1];
    const grid = recorder.data(
      Float64Array.from({ length: from }, (_, i) => i),
      'float32',
      [from],
    );
    const column = recorder.reshape(at, [count, cropSize[axis], 1]);
    // Bilinear weights are a hat of width one around the position.
    const distance = recorder.elementwise(
      'Abs',
      recorder.elementwise('Sub', method === 'nearest' ? rounded(recorder, column) : column, grid),
    );
    return recorder.elementwise('Relu', recorder.elementwise('Sub', recorder.constant(1), distance));
  });
  const crops = interpolate(recorder, cut, [weights[0], weights[1]]);
  const [down, across] = axes.map(({ inside }, axis) =>
    recorder.reshape(inside, axis === 0 ? [count, cropSize[0], 1, 1] : [count, 1, cropSize[1], 1]),
  );
  return recorder.elementwise('Select', recorder.elementwise('LogicalAnd', down, across), crops, recorder.constant(extrapolationValue));
}

/** Half upwards, as JavaScript rounds. */
function rounded(recorder: Recorder, x: Value): Value {
  return recorder.elementwise('Floor', recorder.elementwise('Add', x, 0.5));
}

/** Positions [N, to] between two corners [N, 1], and whether they lie inside the image. */
function boxSamples(
  recorder: Recorder,
  [first, last]: readonly [Value, Value],
  { from, to }: { readonly from: number; readonly to: number },
): { at: Value; inside: Value } {
  const fractions = Float64Array.from({ length: to }, (_, i) => (to === 1 ? 0.5 : i / (to - 1)));
  const span = recorder.elementwise('Sub', last, first);
  const along = recorder.elementwise('Multiply', span, recorder.data(fractions, 'float32', [1, to]));
  const at = recorder.elementwise('Multiply', recorder.elementwise('Add', first, along), from - 1);
  const inside = recorder.elementwise(
    'LogicalAnd',
    recorder.elementwise('GreaterEqual', at, 0),
    recorder.elementwise('LessEqual', at, from - 1),
  );
  return { at, inside };
}
