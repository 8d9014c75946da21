/**
 * Pools of tfjs and their gradients. Taps in the padding do not count, in the mean neither.
 */
import { backend_util } from '@tensorflow/tfjs-core';
import type { AvgPoolAttrs, AvgPoolGradAttrs, MaxPoolAttrs, MaxPoolGradAttrs } from '@tensorflow/tfjs-core';
import type { Shape } from '@geodesic/tensor';
import type { Attributes } from '../../graph.ts';
import { padsOf } from './convolutions.ts';
import type { LoweringTable } from './lowering.ts';

/** Canonical attributes of a pool over images of a shape. */
function pool(images: Shape, attrs: MaxPoolAttrs): Attributes {
  const [x, filter] = [[...images] as [number, number, number, number], attrs.filterSize];
  const info = backend_util.computePool2DInfo(x, filter, attrs.strides, 1, attrs.pad, attrs.dimRoundingMode);
  return { kernel: [info.filterHeight, info.filterWidth], strides: [info.strideHeight, info.strideWidth], pads: padsOf(info) };
}

/** Lowerings of pools. */
export const pools: LoweringTable = {
  MaxPool: (recorder, { x }, attrs: MaxPoolAttrs) => recorder.kernel('MaxPool', [x], pool(x.shape, attrs)),
  MaxPoolGrad: (recorder, { dy, input }, attrs: MaxPoolGradAttrs) => recorder.kernel('MaxPoolPut', [input, dy], pool(input.shape, attrs)),
  AvgPool: (recorder, { x }, attrs: AvgPoolAttrs) => recorder.kernel('AvgPool', [x], { ...pool(x.shape, attrs), countPadding: false }),
  AvgPoolGrad: (recorder, { dy, input }, attrs: AvgPoolGradAttrs) => {
    const attributes = { ...pool(input.shape, attrs), countPadding: false, size: input.shape.slice(1, 3) };
    return recorder.kernel('AvgPoolGrad', [dy], attributes);
  },
};
