/**
 * Convolutions on tfjs. Its kernels pad evenly or not at all, so images are padded first; their gradients know no dilation, so
 * dilated ones are products with patches, as filter gradients are where a backend has no kernel for them. Groups are convolved one
 * by one.
 */
import type { GraphNode } from '../graph.ts';
import type { Window } from '../kernels/window.ts';
import type { Lowering, LoweringTable, PlanWriter, Site } from './plan-writer.ts';
import { addTaps, nodeWindow, readTaps, tapsShape } from './taps.ts';

/** One group's operands, the windows over its images, and the shape of its result. */
interface Group {
  readonly writer: PlanWriter;
  readonly operands: readonly [number, number];
  readonly window: Window;
  readonly shape: readonly number[];
}

type GroupLowering = (group: Group) => number;

/** A convolution of groups: operands are cut along their last axes (a filter's input channels are those of one group), results joined. */
function grouped(lower: GroupLowering, windowFor: (site: Site) => Window): Lowering {
  return (site) => {
    const { writer, node, inputs } = site;
    const groups = node.attributes.groups as number;
    const window = windowFor(site);
    const parts = Array.from({ length: groups }, (_, g) => {
      const [a, b] = inputs.map((input) => part(writer, input, groups, g));
      return lower({ writer, operands: [a, b], window, shape: node.shape.with(3, node.shape[3] / groups) });
    });
    return writer.concat(parts, 3);
  };
}

function part(writer: PlanWriter, x: number, groups: number, g: number): number {
  const shape = writer.shapeOf(x);
  const channels = shape[3] / groups;
  return writer.slice(x, [0, 0, 0, g * channels], shape.with(3, channels));
}

function padded(writer: PlanWriter, x: number, { pads: [top, bottom, left, right] }: Window): number {
  return writer.pad(x, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
}

function isDilated({ dilations }: Window): boolean {
  return dilations.some((dilation) => dilation > 1);
}

const VALID = { pad: 'valid', dataFormat: 'NHWC' } as const;

const forward: GroupLowering = ({ writer, operands: [x, filter], window, shape }) => {
  const { strides, dilations } = window;
  const attributes = { ...VALID, strides, dilations };
  return writer.call('Conv2D', { x: padded(writer, x, window), filter }, { shape, dtype: 'float32', attributes });
};

/** With one input channel a group, all groups at once. The kernel takes equal strides only, and strides or dilations. */
const conv2D: Lowering = (site) => {
  const { writer, node, inputs } = site;
  const window = filterWindow(site);
  const [kh, kw, perGroup, outputs] = writer.shapeOf(inputs[1]);
  const groups = node.attributes.groups as number;
  const { strides, dilations } = window;
  const isPlain = strides[0] === strides[1] && (strides[0] === 1 || !isDilated(window));
  if (groups === 1 || perGroup > 1 || !isPlain) return grouped(forward, filterWindow)(site);
  const filter = writer.reshape(inputs[1], [kh, kw, groups, outputs / groups]);
  const attributes = { ...VALID, strides, dilations };
  const x = padded(writer, inputs[0], window);
  return writer.call('DepthwiseConv2dNative', { x, filter }, { shape: node.shape, dtype: 'float32', attributes });
};

/** (filter, dy) -> dx. */
const inputGrad: GroupLowering = ({ writer, operands: [filter, dy], window, shape }) => {
  const { strides, pads, size } = window;
  if (isDilated(window)) {
    const [kh, kw, channels, outputs] = writer.shapeOf(filter);
    const [positions, taps] = tapsShape(window);
    const rows = writer.reshape(dy, [shape[0] * positions, outputs]);
    const back = writer.matMul(rows, writer.reshape(filter, [kh * kw * channels, outputs]), { transposeB: true });
    return addTaps(writer, writer.reshape(back, [shape[0], positions, taps, channels]), window);
  }
  const inputShape = [shape[0], size[0] + pads[0] + pads[1], size[1] + pads[2] + pads[3], shape[3]];
  const attributes = { ...VALID, strides, inputShape };
  const dx = writer.call('Conv2DBackpropInput', { dy, filter }, { shape: inputShape, dtype: 'float32', attributes });
  return writer.slice(dx, [0, pads[0], pads[2], 0], shape);
};

/** (x, dy) -> dfilter. */
const filterGrad: GroupLowering = ({ writer, operands: [x, dy], window, shape }) => {
  const kernel = 'Conv2DBackpropFilter';
  if (writer.capabilities.has(kernel) && !isDilated(window)) {
    const attributes = { ...VALID, strides: window.strides, filterShape: shape };
    return writer.call(kernel, { x: padded(writer, x, window), dy }, { shape, dtype: 'float32', attributes });
  }
  const [batch, positions, taps, channels] = writer.shapeOf(readTaps(writer, x, window));
  const patches = writer.reshape(readTaps(writer, x, window), [batch * positions, taps * channels]);
  const rows = writer.reshape(dy, [batch * positions, shape[3]]);
  return writer.reshape(writer.matMul(patches, rows, { transposeA: true }), shape);
};

/** Windows of a filter over the images that are the first input. */
function filterWindow({ writer, node, inputs }: Site): Window {
  return nodeWindow(node, writer.shapeOf(inputs[0]).slice(1, 3), writer.shapeOf(inputs[1]).slice(0, 2));
}

function sizeOfImages(node: GraphNode): readonly number[] {
  return node.attributes.size as readonly number[];
}

/** Lowerings of convolutions and their transposes. */
export const convLowerings: LoweringTable = {
  Conv2D: conv2D,
  Conv2DInputGrad: grouped(inputGrad, ({ writer, node, inputs }) =>
    nodeWindow(node, sizeOfImages(node), writer.shapeOf(inputs[0]).slice(0, 2)),
  ),
  Conv2DFilterGrad: grouped(filterGrad, ({ writer, node, inputs }) => nodeWindow(node, writer.shapeOf(inputs[0]).slice(1, 3))),
};
