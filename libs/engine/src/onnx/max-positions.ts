/**
 * Where the maxima of windows stand, with channels first: positions in the whole of x, row-major, as MaxPool's second result
 * tells them, the first one of equal maxima. That result costs the runtime its vectorised pool, so where windows tile the image
 * positions are found by comparing (measured on [64, 28, 28, 16], windows of 2 x 2: 1.5 against 3.0 ms).
 */
import { sizeOf, type Shape } from '@geodesic/tensor';
import type { Window } from '../kernels/window.ts';
import type { Site } from './emission.ts';
import { windowAt } from './emit-patches.ts';
import { ELEMENT } from './proto.ts';
import type { OnnxWriter, OpAttributes } from './writer.ts';

/** Attributes of a pool's windows, as ONNX has them. */
export function poolAttributes({ node }: Site): OpAttributes {
  const { kernel, strides, pads } = node.attributes as Record<string, readonly number[]>;
  const [top, bottom, left, right] = pads;
  return { kernel_shape: kernel, strides, pads: [top, left, bottom, right] };
}

/** Positions of the maxima of the first input's windows, int64 [B, C, H', W']. */
export function maximumPositions(site: Site): string {
  const { writer, inputs, inputTypes } = site;
  const window = windowAt(site, inputTypes[0].shape);
  const { kernel, strides, pads } = window;
  const tiling = kernel.every((n, i) => n === strides[i]) && pads.every((pad) => pad === 0);
  if (!tiling || !writer.can('Resize', inputTypes[0].dtype))
    return writer.ops('MaxPool', [inputs[0]], { attributes: poolAttributes(site), results: 2 })[1];
  const last = lastTaps(writer, inputTypes[0].shape, window);
  const steps = stepsToLast(site, window);
  // Positions below 2^24 are whole numbers of float32 too, whose difference is the cheaper one.
  if (sizeOf(inputTypes[0].shape) > 2 ** 24) return writer.op('Sub', [last, writer.op('Cast', [steps], { to: ELEMENT.int64 })]);
  const exact = writer.op('Cast', [last], { to: ELEMENT[writer.element(inputTypes[0].dtype)] });
  return writer.op('Cast', [writer.op('Sub', [exact, steps])], { to: ELEMENT.int64 });
}

/**
 * How far each window's first maximum stands before the window's last tap. Pixels that equal the maximum of their window get their
 * distance from the last tap, others zero; the greatest distance is the first maximum's.
 */
function stepsToLast(site: Site, window: Window): string {
  const { writer, inputs, inputTypes } = site;
  const { shape, dtype } = inputTypes[0];
  const { kernel, positions, size } = window;
  const [rows, columns] = positions.map((n, i) => n * kernel[i]);
  const corner = [writer.integers([0, 0]), writer.integers([rows, columns]), writer.integers([2, 3])];
  const pixels = rows === size[0] && columns === size[1] ? inputs[0] : writer.op('Slice', [inputs[0], ...corner]);
  const nearest = { mode: { text: 'nearest' }, coordinate_transformation_mode: { text: 'asymmetric' }, nearest_mode: { text: 'floor' } };
  const maximum = writer.op('MaxPool', [inputs[0]], poolAttributes(site));
  const spread = writer.op('Resize', [maximum, '', '', writer.integers([shape[0], shape[3], rows, columns])], nearest);
  const steps = Float64Array.from({ length: rows * columns }, (_, pixel) => {
    const [row, column] = [Math.floor(pixel / columns) % kernel[0], (pixel % columns) % kernel[1]];
    return (kernel[0] - 1 - row) * size[1] + kernel[1] - 1 - column;
  });
  const attained = writer.op('Cast', [writer.op('Equal', [pixels, spread])], { to: ELEMENT[writer.element(dtype)] });
  const distances = writer.op('Mul', [attained, writer.constant(dtype, [rows, columns], steps)]);
  return writer.op('MaxPool', [distances], { kernel_shape: kernel, strides: kernel });
}

/**
 * Positions of the windows' last taps, int64 [B, C, H', W']: a sum of ranges, which the runtime folds into a constant as large as the
 * pooled images. A window with a NaN attains its maximum nowhere and is left with its last tap.
 */
function lastTaps(writer: OnnxWriter, [batch, , , channels]: Shape, { kernel, positions, size }: Window): string {
  const range = (count: number, step: number, shape: Shape): string => {
    const bounds = [0, count * step, step].map((bound) => writer.op('Squeeze', [writer.integers([bound])]));
    return writer.op('Reshape', [writer.op('Range', bounds), writer.integers(shape)]);
  };
  const planes = range(batch * channels, size[0] * size[1], [batch, channels, 1, 1]);
  const rows = range(positions[0], kernel[0] * size[1], [positions[0], 1]);
  const columns = range(positions[1], kernel[1], [positions[1]]);
  const last = writer.integers([(kernel[0] - 1) * size[1] + kernel[1] - 1]);
  return [rows, columns, planes].reduce((sum, term) => writer.op('Add', [sum, term]), last);
}
