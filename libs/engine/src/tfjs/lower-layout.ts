/**
 * Kernels that move values, on tfjs. Strided reading is reading at listed positions, axis by axis; its transpose adds the entries
 * into zeros at listed positions.
 */
import { sizeOf, stridesOf } from '@geodesic/tensor';
import { offsets } from '../kernels/offsets.ts';
import type { Lowering, LoweringTable } from './plan-writer.ts';

type Integers = readonly number[];

const stride: Lowering = ({ writer, node, inputs: [x] }) => {
  const { begin, strides } = node.attributes as { begin: Integers; strides: Integers };
  return node.shape.reduce((value, size, axis) => {
    const positions = Array.from({ length: size }, (_, k) => begin[axis] + k * strides[axis]);
    const whole = size === writer.shapeOf(value)[axis] && positions.every((position, k) => position === k);
    return whole ? value : writer.gather(value, writer.constant('int32', [size], positions), axis);
  }, x);
};

const dilate: Lowering = ({ writer, node, inputs: [x] }) => {
  const { begin, strides } = node.attributes as { begin: Integers; strides: Integers };
  const steps = stridesOf(node.shape);
  const start = begin.reduce((sum, from, axis) => sum + from * steps[axis], 0);
  const places = offsets(
    writer.shapeOf(x),
    steps.map((step, axis) => step * strides[axis]),
    start,
  );
  const flat = writer.reshape(x, [places.length]);
  return writer.reshape(writer.scatter(writer.constant('int32', [places.length, 1], places), flat, [sizeOf(node.shape)]), node.shape);
};

const reverse: Lowering = ({ writer, node: { shape, dtype, attributes }, inputs: [x] }) => {
  const dims = attributes.axes as Integers;
  return dims.length === 0 ? x : writer.call('Reverse', { x }, { shape, dtype, attributes: { dims } });
};

/** Lowerings of kernels that move values. */
export const layoutLowerings: LoweringTable = {
  Reshape: ({ writer, node, inputs: [x] }) => writer.reshape(x, node.shape),
  BroadcastTo: ({ writer, node, inputs: [x] }) => writer.broadcastTo(x, node.shape),
  Transpose: ({ writer, node, inputs: [x] }) => writer.transpose(x, node.attributes.perm as Integers),
  Slice: ({ writer, node, inputs: [x] }) => writer.slice(x, node.attributes.begin as Integers, node.shape),
  Concat: ({ writer, node, inputs }) => writer.concat(inputs, node.attributes.axis as number),
  PadV2: ({ writer, node: { attributes }, inputs: [x] }) =>
    writer.pad(x, attributes.paddings as readonly Integers[], attributes.value as number),
  Stride: stride,
  Dilate: dilate,
  Reverse: reverse,
};
