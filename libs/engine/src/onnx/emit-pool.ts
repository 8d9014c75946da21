/**
 * Pools in ONNX with channels first. Providers have no gradients of pools: what is read or added at the maxima of windows is
 * addressed by their positions. (Providers that cannot tell those: emit-max-pool.ts.)
 */
import { sizeOf } from '@geodesic/tensor';
import { averageWeights } from '../kernels/pool.ts';
import type { ImageEmission, ImageEmissionTable, Site } from './emission.ts';
import { windowAt } from './emit-patches.ts';
import { firstShape } from './layout-values.ts';
import { maximumPositions, poolAttributes } from './max-positions.ts';

const maxPool = (site: Site): string => site.writer.op('MaxPool', [site.inputs[0]], poolAttributes(site));

function maxPoolTake(site: Site): string {
  const { writer, inputs, inputTypes } = site;
  const flat = writer.op('Reshape', [inputs[1], writer.integers([sizeOf(inputTypes[1].shape)])]);
  return writer.op('Gather', [flat, maximumPositions(site)], { axis: 0 });
}

function maxPoolPut(site: Site): string {
  const { writer, inputs, inputTypes, node } = site;
  const { dtype, shape } = node;
  const window = windowAt(site, shape);
  const apart = window.kernel.every((n, i) => n <= window.strides[i]);
  if (apart && writer.can('MaxUnpool', dtype))
    return writer.op('MaxUnpool', [inputs[1], maximumPositions(site), writer.integers(firstShape(shape))], poolAttributes(site));
  const flat = (name: string, size: number): string => writer.op('Reshape', [name, writer.integers([size])]);
  const count = sizeOf(inputTypes[1].shape);
  const zeros = writer.op('Expand', [writer.scalar(dtype, 0), writer.integers([sizeOf(shape)])]);
  const sums = writer.op('ScatterElements', [zeros, flat(maximumPositions(site), count), flat(inputs[1], count)], {
    axis: 0,
    reduction: { text: 'add' },
  });
  return writer.op('Reshape', [sums, writer.integers(firstShape(shape))]);
}

function avgPool(site: Site): string {
  return site.writer.op('AveragePool', site.inputs, {
    ...poolAttributes(site),
    count_include_pad: site.node.attributes.countPadding ? 1 : 0,
  });
}

/** Every channel's dy, weighed by its window's size, goes to all of the window: a transposed convolution with ones, a group a channel. */
function avgPoolGrad(site: Site): string {
  const { writer, inputs, node } = site;
  const window = windowAt(site, node.shape);
  const { size, kernel, strides, pads, positions } = window;
  const weights = writer.constant(node.dtype, positions, averageWeights(window, node.attributes.countPadding as boolean));
  const channels = node.shape[3];
  const ones = writer.constant(node.dtype, [channels, 1, ...kernel], new Float64Array(channels * kernel[0] * kernel[1]).fill(1));
  const unseen = size.map((n, i) => n + pads[2 * i] + pads[2 * i + 1] - ((positions[i] - 1) * strides[i] + kernel[i]));
  return writer.op('ConvTranspose', [writer.op('Mul', [inputs[0], weights]), ones], {
    strides,
    pads: [pads[0], pads[2], pads[1], pads[3]],
    output_padding: unseen,
    group: channels,
  });
}

const images = (emit: (site: Site) => string, inputs: number): ImageEmission => ({
  takes: Array.from({ length: inputs }, () => 'first' as const),
  gives: 'first',
  emit,
});

/** Emissions of pools on images with channels first. */
export const poolEmissions: ImageEmissionTable = {
  MaxPool: images(maxPool, 1),
  MaxPoolTake: images(maxPoolTake, 2),
  MaxPoolPut: images(maxPoolPut, 2),
  AvgPool: images(avgPool, 1),
  AvgPoolGrad: images(avgPoolGrad, 1),
};
