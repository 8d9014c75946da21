/**
 * Convolutions of tfjs. Padding rules become explicit pads, images [B, C, H, W] are transposed to [B, H, W, C] and back, a
 * depthwise filter [kh, kw, C, M] becomes [kh, kw, 1, C M] with C groups, and fused ones are taken apart. tf.conv1d,
 * tf.separableConv2d and tf.conv2dTranspose come by these kernels.
 */
import { backend_util } from '@tensorflow/tfjs-core';
import type {
  Conv2DAttrs,
  Conv2DBackpropFilterAttrs,
  Conv2DBackpropInputAttrs,
  DepthwiseConv2dNativeAttrs,
  DepthwiseConv2dNativeBackpropFilterAttrs,
  DepthwiseConv2dNativeBackpropInputAttrs,
  FusedConv2DAttrs,
} from '@tensorflow/tfjs-core';
import type { Shape } from '@geodesic/tensor';
import type { Attributes } from '../../graph.ts';
import type { Recorder, Value } from '../recorder.ts';
import { activate } from './activations.ts';
import type { Inputs, LoweringTable } from './lowering.ts';

type Format = 'NHWC' | 'NCHW';
/** Attributes of any of the kernels; those that it lacks are undefined. */
type Attrs = Pick<Conv2DAttrs, 'strides' | 'pad' | 'dimRoundingMode'> & { readonly dilations?: Conv2DAttrs['dilations'] };
type Shape4 = [number, number, number, number];

const LAST: readonly number[] = [0, 2, 3, 1];
const FIRST: readonly number[] = [0, 3, 1, 2];

/** Pads [top, bottom, left, right] that give the number of windows which tfjs computes, and no more than they need. */
export function padsOf(info: backend_util.Conv2DInfo): number[] {
  const needed = (windows: number, stride: number, reach: number, size: number): number =>
    Math.max(0, (windows - 1) * stride + reach - size);
  const { top, left } = info.padInfo;
  return [
    top,
    needed(info.outHeight, info.strideHeight, info.effectiveFilterHeight, info.inHeight + top),
    left,
    needed(info.outWidth, info.strideWidth, info.effectiveFilterWidth, info.inWidth + left),
  ];
}

/** Canonical attributes of a convolution of images with a filter, both as shapes in the order of the engine. */
function convolution(images: Shape, filter: Shape, attrs: Attrs, depthwise = false): Attributes {
  const [x, w] = [[...images] as Shape4, [...filter] as Shape4];
  const { strides, dilations, pad, dimRoundingMode } = attrs;
  // tfjs-layers passes null where it means 1.
  const info = backend_util.computeConv2DInfo(x, w, strides, dilations ?? 1, pad, dimRoundingMode, depthwise);
  return {
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    pads: padsOf(info),
    groups: depthwise ? images[3] : 1,
  };
}

function permuted(shape: Shape, perm: readonly number[]): Shape {
  return perm.map((axis) => shape[axis]);
}

function toLast(recorder: Recorder, x: Value, format: Format | undefined): Value {
  return format === 'NCHW' ? recorder.kernel('Transpose', [x], { perm: LAST }) : x;
}

function fromLast(recorder: Recorder, y: Value, format: Format | undefined): Value {
  return format === 'NCHW' ? recorder.kernel('Transpose', [y], { perm: FIRST }) : y;
}

/** [kh, kw, C, M] as [kh, kw, 1, C M]: output channel c M + m sees channel c. */
function asGroups([height, width, channels, multiplier]: Shape): Shape {
  return [height, width, 1, channels * multiplier];
}

function conv2d(recorder: Recorder, { x, filter }: Inputs, attrs: Attrs & { readonly dataFormat?: Format }): Value {
  const images = toLast(recorder, x, attrs.dataFormat);
  const y = recorder.kernel('Conv2D', [images, filter], convolution(images.shape, filter.shape, attrs));
  return fromLast(recorder, y, attrs.dataFormat);
}

function depthwise(recorder: Recorder, { x, filter }: Inputs, attrs: Attrs & { readonly dataFormat?: Format }): Value {
  const images = toLast(recorder, x, attrs.dataFormat);
  const grouped = recorder.reshape(filter, asGroups(filter.shape));
  const y = recorder.kernel('Conv2D', [images, grouped], convolution(images.shape, filter.shape, attrs, true));
  return fromLast(recorder, y, attrs.dataFormat);
}

/** Bias and activation of a fused kernel; a list of channels stands along the channel axis of either format. */
function finish(recorder: Recorder, y: Value, inputs: Inputs, attrs: Omit<FusedConv2DAttrs, 'dimRoundingMode'>): Value {
  const { bias, preluActivationWeights } = inputs;
  const along = (value: Value | undefined): Value | undefined =>
    value !== undefined && attrs.dataFormat === 'NCHW' && value.shape.length === 1
      ? recorder.reshape(value, [value.shape[0], 1, 1])
      : value;
  const channels = along(bias);
  const shifted = channels === undefined ? y : recorder.elementwise('Add', y, channels);
  const parameters = { alpha: along(preluActivationWeights), leakyreluAlpha: attrs.leakyreluAlpha };
  return activate(recorder, shifted, attrs.activation ?? 'linear', parameters);
}

/** Lowerings of convolutions. */
export const convolutions: LoweringTable = {
  Conv2D: conv2d,
  Conv2DBackpropInput: (recorder, { dy, filter }, attrs: Conv2DBackpropInputAttrs) => {
    const images = attrs.dataFormat === 'NCHW' ? permuted(attrs.inputShape, LAST) : attrs.inputShape;
    const attributes = { ...convolution(images, filter.shape, attrs), size: images.slice(1, 3) };
    return fromLast(
      recorder,
      recorder.kernel('Conv2DInputGrad', [filter, toLast(recorder, dy, attrs.dataFormat)], attributes),
      attrs.dataFormat,
    );
  },
  Conv2DBackpropFilter: (recorder, { x, dy }, attrs: Conv2DBackpropFilterAttrs) => {
    const [images, cotangent] = [x, dy].map((value) => toLast(recorder, value, attrs.dataFormat));
    const attributes = { ...convolution(images.shape, attrs.filterShape, attrs), kernel: attrs.filterShape.slice(0, 2) };
    return recorder.kernel('Conv2DFilterGrad', [images, cotangent], attributes);
  },
  DepthwiseConv2dNative: (recorder, inputs, attrs: DepthwiseConv2dNativeAttrs) => depthwise(recorder, inputs, attrs),
  DepthwiseConv2dNativeBackpropInput: (recorder, { dy, filter }, attrs: DepthwiseConv2dNativeBackpropInputAttrs) => {
    const attributes = { ...convolution(attrs.inputShape, filter.shape, attrs, true), size: attrs.inputShape.slice(1, 3) };
    return recorder.kernel('Conv2DInputGrad', [recorder.reshape(filter, asGroups(filter.shape)), dy], attributes);
  },
  DepthwiseConv2dNativeBackpropFilter: (recorder, { x, dy }, attrs: DepthwiseConv2dNativeBackpropFilterAttrs) => {
    const attributes = { ...convolution(x.shape, attrs.filterShape, attrs, true), kernel: attrs.filterShape.slice(0, 2) };
    return recorder.reshape(recorder.kernel('Conv2DFilterGrad', [x, dy], attributes), attrs.filterShape);
  },
  FusedConv2D: (recorder, inputs, attrs: FusedConv2DAttrs) => finish(recorder, conv2d(recorder, inputs, attrs), inputs, attrs),
  FusedDepthwiseConv2D: (recorder, inputs, attrs: FusedConv2DAttrs) => finish(recorder, depthwise(recorder, inputs, attrs), inputs, attrs),
};
