/**
 * Pools: the maximum or the mean of each window, channel by channel, x [B, H, W, C] -> y [B, H', W', C]. Taps in the padding
 * do not count. Among equal maxima the first in row-major order wins, and it alone gets the cotangent. `MaxPoolTake` reads, and
 * `MaxPoolPut` adds, where the maxima of x stand; they are each other's transpose, as AvgPool and AvgPoolGrad are.
 */
import { sizeOf } from '@geodesic/tensor';
import { KernelError } from '../errors.ts';
import { describeType, type Attributes, type ValueType } from '../graph.ts';
import { flagAttribute, requireFloat, requireSameDtype, type Inferred, type Kernel, type Operand } from '../kernel.ts';
import { kernelAttribute, requireImages, requirePositions, sizeAttribute, tapsOf, windowOf, type Window } from './window.ts';

/** Windows of a pool. @throws {KernelError} where one could lie in the padding altogether */
function poolWindow(name: string, size: readonly number[], attributes: Attributes): Window {
  const window = windowOf(name, { size, kernel: kernelAttribute(name, attributes), attributes });
  const { kernel, pads } = window;
  if (pads.every((pad, i) => pad < kernel[i >> 1])) return window;
  throw new KernelError(name, 'pads below the sizes of the kernel', `kernel [${kernel.join(',')}] with pads [${pads.join(',')}]`);
}

function windowAttributes({ kernel, strides, pads }: Window): Attributes {
  return { kernel, strides, pads };
}

function inferPool(name: string, inputs: readonly ValueType[], attributes: Attributes): { x: ValueType; window: Window } {
  requireSameDtype(name, inputs);
  const [x] = inputs;
  requireFloat(name, x);
  requireImages(name, x.shape);
  return { x, window: poolWindow(name, x.shape.slice(1, 3), attributes) };
}

/** Offsets in x of the maximum of each window and channel, in the order of y. */
function maxima(name: string, x: Operand, attributes: Attributes): Int32Array {
  const [batch, height, width, channels] = x.shape;
  const window = poolWindow(name, [height, width], attributes);
  const { position, pixel } = tapsOf(window);
  const positions = window.positions[0] * window.positions[1];
  const found = new Int32Array(batch * positions * channels).fill(-1);
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < pixel.length; i++)
      for (let c = 0; c < channels; c++) {
        const at = (b * height * width + pixel[i]) * channels + c;
        const to = (b * positions + position[i]) * channels + c;
        if (found[to] < 0 || x.data[at] > x.data[found[to]]) found[to] = at;
      }
  return found;
}

const maxPool: Kernel = {
  name: 'MaxPool',
  arity: 1,
  infer(inputs, attributes): Inferred {
    const { x, window } = inferPool('MaxPool', inputs, attributes);
    return { shape: [x.shape[0], ...window.positions, x.shape[3]], dtype: x.dtype, attributes: windowAttributes(window) };
  },
  evaluate: ([x], { attributes }) => Float64Array.from(maxima('MaxPool', x, attributes), (at) => x.data[at]),
  vjp: (x, { inputs: [images], cotangent, attributes }) => [() => x.builder.add('MaxPoolPut', [images, cotangent], attributes)],
  jvp: (x, { inputs: [images], tangents: [tangent], attributes }) => x.builder.add('MaxPoolTake', [images, tangent!], attributes),
};

/** (x, v) -> y: v where x has the maximum of each window. */
const maxPoolTake: Kernel = {
  name: 'MaxPoolTake',
  arity: 2,
  infer(inputs, attributes): Inferred {
    const { x, window } = inferPool('MaxPoolTake', inputs, attributes);
    if (inputs[1].shape.length !== 4 || !inputs[1].shape.every((n, axis) => n === x.shape[axis]))
      throw new KernelError('MaxPoolTake', `values of type ${describeType(x)}`, describeType(inputs[1]));
    return { shape: [x.shape[0], ...window.positions, x.shape[3]], dtype: x.dtype, attributes: windowAttributes(window) };
  },
  evaluate: ([x, v], { attributes }) => Float64Array.from(maxima('MaxPoolTake', x, attributes), (at) => v.data[at]),
  // Where the maxima stand does not change in a small neighbourhood: no cotangent and no tangent goes through x.
  vjp: (x, { inputs: [images], cotangent, attributes }) => [undefined, () => x.builder.add('MaxPoolPut', [images, cotangent], attributes)],
  jvp: (x, { inputs: [images], tangents: [, tangent], attributes }) =>
    tangent === undefined ? undefined : x.builder.add('MaxPoolTake', [images, tangent], attributes),
};

/** (x, dy) -> dx: dy added where x has the maximum of each window, zero elsewhere. */
const maxPoolPut: Kernel = {
  name: 'MaxPoolPut',
  arity: 2,
  infer(inputs, attributes): Inferred {
    const { x, window } = inferPool('MaxPoolPut', inputs, attributes);
    requirePositions('MaxPoolPut', inputs[1].shape, window.positions);
    if (inputs[1].shape[0] !== x.shape[0] || inputs[1].shape[3] !== x.shape[3])
      throw new KernelError('MaxPoolPut', `the images and channels of ${describeType(x)}`, describeType(inputs[1]));
    return { shape: x.shape, dtype: x.dtype, attributes: windowAttributes(window) };
  },
  evaluate([x, dy], { attributes }) {
    const out = new Float64Array(x.data.length);
    maxima('MaxPoolPut', x, attributes).forEach((at, i) => (out[at] += dy.data[i]));
    return out;
  },
  vjp: (x, { inputs: [images], cotangent, attributes }) => [undefined, () => x.builder.add('MaxPoolTake', [images, cotangent], attributes)],
  jvp: (x, { inputs: [images], tangents: [, tangent], attributes }) =>
    tangent === undefined ? undefined : x.builder.add('MaxPoolPut', [images, tangent], attributes),
};

/** What each position's sum is multiplied by: 1 / taps inside the image, or 1 / all taps. Shared with emissions. */
export function averageWeights(window: Window, countPadding: boolean): Float64Array {
  const counts = new Float64Array(window.positions[0] * window.positions[1]);
  for (const position of tapsOf(window).position) counts[position]++;
  return counts.map((count) => 1 / (countPadding ? window.kernel[0] * window.kernel[1] : count));
}

/** Calls `visit` with offsets in x and y and their weight. */
function eachAverage(
  at: { readonly window: Window; readonly batch: number; readonly channels: number; readonly countPadding: boolean },
  visit: (x: number, y: number, weight: number) => void,
): void {
  const { window, batch, channels } = at;
  const { position, pixel } = tapsOf(window);
  const weights = averageWeights(window, at.countPadding);
  const [pixels, positions] = [window.size[0] * window.size[1], weights.length];
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < pixel.length; i++)
      for (let c = 0; c < channels; c++)
        visit((b * pixels + pixel[i]) * channels + c, (b * positions + position[i]) * channels + c, weights[position[i]]);
}

const avgPool: Kernel = {
  name: 'AvgPool',
  arity: 1,
  infer(inputs, attributes): Inferred {
    const { x, window } = inferPool('AvgPool', inputs, attributes);
    const countPadding = flagAttribute('AvgPool', attributes, 'countPadding');
    const shape = [x.shape[0], ...window.positions, x.shape[3]];
    return { shape, dtype: x.dtype, attributes: { ...windowAttributes(window), countPadding } };
  },
  evaluate([x], { shape, attributes }) {
    const [batch, height, width, channels] = x.shape;
    const window = poolWindow('AvgPool', [height, width], attributes);
    const out = new Float64Array(sizeOf(shape));
    eachAverage({ window, batch, channels, countPadding: attributes.countPadding as boolean }, (atX, atY, weight) => {
      out[atY] += x.data[atX] * weight;
    });
    return out;
  },
  vjp: (x, { inputs: [images], cotangent, attributes }) => [
    () => x.builder.add('AvgPoolGrad', [cotangent], { ...attributes, size: x.shapeOf(images).slice(1, 3) }),
  ],
  jvp: (x, { tangents: [tangent], attributes }) => x.builder.add('AvgPool', [tangent!], attributes),
};

/** dy -> dx: the transpose of AvgPool; `size` is the H and W of dx. */
const avgPoolGrad: Kernel = {
  name: 'AvgPoolGrad',
  arity: 1,
  infer([dy], attributes): Inferred {
    const name = 'AvgPoolGrad';
    requireFloat(name, dy);
    const size = sizeAttribute(name, attributes);
    const window = poolWindow(name, size, attributes);
    requirePositions(name, dy.shape, window.positions);
    const countPadding = flagAttribute(name, attributes, 'countPadding');
    const shape = [dy.shape[0], ...size, dy.shape[3]];
    return { shape, dtype: dy.dtype, attributes: { ...windowAttributes(window), countPadding, size } };
  },
  evaluate([dy], { shape, attributes }) {
    const [batch, height, width, channels] = shape;
    const window = poolWindow('AvgPoolGrad', [height, width], attributes);
    const out = new Float64Array(sizeOf(shape));
    eachAverage({ window, batch, channels, countPadding: attributes.countPadding as boolean }, (atX, atY, weight) => {
      out[atX] += dy.data[atY] * weight;
    });
    return out;
  },
  vjp: (x, { cotangent, attributes: { kernel, strides, pads, countPadding } }) => [
    () => x.builder.add('AvgPool', [cotangent], { kernel, strides, pads, countPadding }),
  ],
  jvp: (x, { tangents: [tangent], attributes }) => x.builder.add('AvgPoolGrad', [tangent!], attributes),
};

/** Pools and their transposes. */
export const poolKernels: readonly Kernel[] = [maxPool, maxPoolTake, maxPoolPut, avgPool, avgPoolGrad];
