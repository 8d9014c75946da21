/**
 * Kernels that move, reduce, index or contract values in ONNX.
 */
import { sizeOf } from '@geodesic/tensor';
import { addRows } from './add-rows.ts';
import type { Emission, EmissionTable, Site } from './emission.ts';
import { extremePosition } from './positions.ts';
import { ELEMENT } from './proto.ts';

const list = (site: Site, name: string): readonly number[] => site.node.attributes[name] as readonly number[];

const slice: Emission = (site) => {
  const { writer, inputs, inputTypes } = site;
  const [begin, size] = [list(site, 'begin'), list(site, 'size')];
  const axes = size.flatMap((n, axis) => (n === inputTypes[0].shape[axis] ? [] : [axis]));
  if (axes.length === 0) return inputs[0];
  const starts = writer.integers(axes.map((axis) => begin[axis]));
  const ends = writer.integers(axes.map((axis) => begin[axis] + size[axis]));
  return writer.op('Slice', [inputs[0], starts, ends, writer.integers(axes)]);
};

const pad: Emission = ({ writer, node, inputs }) => {
  const paddings = node.attributes.paddings as readonly (readonly [number, number])[];
  const amounts = [...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)];
  return writer.op('Pad', [inputs[0], writer.integers(amounts), writer.scalar(node.dtype, node.attributes.value as number)]);
};

const reduction =
  (op: string): Emission =>
  (site) => {
    const { writer, inputs, node } = site;
    const axes = list(site, 'axes');
    if (axes.length === 0) return inputs[0];
    return writer.op(op, [inputs[0], writer.integers(axes)], { keepdims: node.attributes.keepDims ? 1 : 0 });
  };

const cumsum: Emission = ({ writer, inputs, node }) => {
  const { axis, exclusive, reverse } = node.attributes as { axis: number; exclusive: boolean; reverse: boolean };
  const attributes = { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 };
  return writer.op('CumSum', [inputs[0], writer.scalar('int32', axis)], attributes);
};

const gather: Emission = ({ writer, inputs, node }) => writer.op('Gather', inputs, { axis: node.attributes.axis as number });

/** Adds along the middle axis of [outer, indices, inner]; ScatterElements wants an index for every entry, and adds in order. */
const scatterAdd: Emission = (site) => {
  const { writer, inputs, inputTypes, node } = site;
  const { axis, size } = node.attributes as { axis: number; size: number };
  const count = sizeOf(inputTypes[1].shape);
  const outer = sizeOf(node.shape.slice(0, axis));
  const inner = sizeOf(node.shape.slice(axis + 1));
  if (outer === 1) {
    const updates = writer.op('Reshape', [inputs[0], writer.integers([count, inner])]);
    const places = writer.op('Reshape', [inputs[1], writer.integers([count, 1])]);
    return writer.op('Reshape', [addRows(site, { updates, places, count, size, inner }), writer.integers(node.shape)]);
  }
  const updates = writer.op('Reshape', [inputs[0], writer.integers([outer, count, inner])]);
  const column = writer.op('Reshape', [inputs[1], writer.integers([1, count, 1])]);
  const indices = writer.op('Expand', [column, writer.integers([outer, count, inner])]);
  const zeros = writer.op('Expand', [writer.scalar(node.dtype, 0), writer.integers([outer, size, inner])]);
  const sums = writer.op('ScatterElements', [zeros, indices, updates], { axis: 1, reduction: { text: 'add' } });
  return writer.op('Reshape', [sums, writer.integers(node.shape)]);
};

/** Compares with 0..depth-1, so that an index outside gives zeros (ONNX's OneHot wraps negative ones). */
const oneHot: Emission = ({ writer, inputs, inputTypes, node }) => {
  const depth = node.attributes.depth as number;
  const column = writer.op('Reshape', [inputs[0], writer.integers([...inputTypes[0].shape, 1])]);
  const range = writer.constant(
    'int32',
    [depth],
    Array.from({ length: depth }, (_, i) => i),
  );
  return writer.op('Cast', [writer.op('Equal', [column, range])], { to: ELEMENT[writer.element(node.dtype)] });
};

/** Leading axes broadcast; a transposed operand of rank above two is transposed on its own, which the runtime fuses. */
const batchMatMul: Emission = ({ writer, inputs, inputTypes, node }) => {
  const flags = [node.attributes.transposeA, node.attributes.transposeB];
  const operands = inputs.map((input, i) => {
    const rank = inputTypes[i].shape.length;
    const perm = Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
    return flags[i] ? writer.op('Transpose', [input], { perm }) : input;
  });
  return writer.op('MatMul', operands);
};

/** Emissions of kernels that move, reduce, index or contract. */
export const layoutEmissions: EmissionTable = {
  Reshape: (site) => site.writer.op('Reshape', [site.inputs[0], site.writer.integers(site.node.shape)]),
  BroadcastTo: (site) => site.writer.op('Expand', [site.inputs[0], site.writer.integers(site.node.shape)]),
  Transpose: (site) => site.writer.op('Transpose', site.inputs, { perm: list(site, 'perm') }),
  Concat: ({ writer, inputs, node }) =>
    inputs.length === 1 ? inputs[0] : writer.op('Concat', inputs, { axis: node.attributes.axis as number }),
  Slice: slice,
  PadV2: pad,
  Sum: reduction('ReduceSum'),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  ArgMax: (site) => extremePosition(site, 'ArgMax'),
  Cumsum: cumsum,
  LogSoftmax: ({ writer, inputs }) => writer.op('LogSoftmax', inputs, { axis: -1 }),
  GatherV2: gather,
  ScatterAdd: scatterAdd,
  OneHot: oneHot,
  BatchMatMul: batchMatMul,
  // Markers mean nothing to an executor.
  Tap: ({ inputs }) => inputs[0],
  StopGradient: ({ inputs }) => inputs[0],
};
