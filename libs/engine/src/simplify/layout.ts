/**
 * Identities of kernels that move, reduce or contract values: nested moves become one, broadcasts are kept outside, and a
 * matrix product takes transposes into its flags and folds leading axes into rows.
 */
import { sameShape, sizeOf } from '@geodesic/tensor';
import type { GraphBuilder } from '../graph-builder.ts';
import type { GraphNode } from '../graph.ts';
import { broadcast, madeBy, makeSplat, splatOf, type Rule } from './splat.ts';

const reshape: Rule = (builder, { inputs: [input], shape }) => {
  if (sameShape(builder.shapeOf(input), shape)) return input;
  const inner = madeBy(builder, input, 'Reshape');
  return inner && builder.add('Reshape', [inner.inputs[0]], { shape });
};

const broadcastTo: Rule = (builder, { inputs: [input], shape }) => {
  if (sameShape(builder.shapeOf(input), shape)) return input;
  const inner = madeBy(builder, input, 'BroadcastTo');
  return inner && broadcast(builder, inner.inputs[0], shape);
};

const transpose: Rule = (builder, { inputs: [input], shape, attributes }) => {
  const perm = attributes.perm as readonly number[];
  const from = builder.shapeOf(input);
  // Axes of size 1 may move freely: if the others keep their order, no entry moves.
  const moving = perm.filter((axis) => from[axis] !== 1);
  if (moving.every((axis, i) => i === 0 || moving[i - 1] < axis)) return builder.add('Reshape', [input], { shape });
  const inner = madeBy(builder, input, 'Transpose');
  if (inner)
    return builder.add('Transpose', [inner.inputs[0]], { perm: perm.map((axis) => (inner.attributes.perm as readonly number[])[axis]) });
  const repeated = madeBy(builder, input, 'BroadcastTo');
  if (!repeated) return undefined;
  const [source] = repeated.inputs;
  const padded = builder.add('Reshape', [source], { shape: padRank(builder.shapeOf(source), from.length) });
  return broadcast(builder, builder.add('Transpose', [padded], { perm }), shape);
};

const slice: Rule = (builder, { inputs: [input], shape, attributes }) => {
  const from = builder.nodeOf(input);
  if (sameShape(from.shape, shape)) return input;
  const begin = attributes.begin as readonly number[];
  if (from.kernel === 'Slice') {
    const outer = from.attributes.begin as readonly number[];
    return builder.add('Slice', [from.inputs[0]], { begin: begin.map((at, axis) => at + outer[axis]), size: shape });
  }
  if (from.kernel !== 'Concat') return undefined;
  const axis = from.attributes.axis as number;
  let start = 0;
  for (const part of from.inputs) {
    const end = start + builder.shapeOf(part)[axis];
    if (begin[axis] >= start && begin[axis] + shape[axis] <= end)
      return builder.add('Slice', [part], { begin: begin.with(axis, begin[axis] - start), size: shape });
    start = end;
  }
  return undefined;
};

const reverse: Rule = (builder, { inputs: [input], attributes }) => {
  const axes = attributes.axes as readonly number[];
  const from = builder.shapeOf(input);
  if (axes.every((axis) => from[axis] === 1)) return input;
  const inner = madeBy(builder, input, 'Reverse');
  if (!inner) return undefined;
  // An axis that is reversed twice is as it was.
  const [once, twice] = [inner.attributes.axes as readonly number[], axes];
  const left = [...once.filter((axis) => !twice.includes(axis)), ...twice.filter((axis) => !once.includes(axis))];
  return builder.add('Reverse', inner.inputs, { axes: left });
};

const stride: Rule = (builder, { inputs, shape, attributes }) => {
  const [strides, begin] = [attributes.strides as readonly number[], attributes.begin as readonly number[]];
  // An axis of one entry has no next one.
  return strides.every((step, axis) => step === 1 || shape[axis] === 1) ? builder.add('Slice', inputs, { begin, size: shape }) : undefined;
};

const concat: Rule = (_builder, { inputs }) => (inputs.length === 1 ? inputs[0] : undefined);

const pad: Rule = (builder, { inputs: [input], shape }) => (sameShape(builder.shapeOf(input), shape) ? input : undefined);

const sum: Rule = (builder, node) => {
  const [input] = node.inputs;
  const { axes, keepDims } = node.attributes as { axes: readonly number[]; keepDims: boolean };
  const from = builder.shapeOf(input);
  if (axes.every((axis) => from[axis] === 1)) return builder.add('Reshape', [input], { shape: node.shape });
  const negated = madeBy(builder, input, 'Neg');
  if (negated) return builder.add('Neg', [builder.add('Sum', negated.inputs, node.attributes)]);
  const repeated = madeBy(builder, input, 'BroadcastTo');
  if (!repeated) return undefined;
  const [source] = repeated.inputs;
  const sourceShape = padRank(builder.shapeOf(source), from.length);
  const times = axes.filter((axis) => sourceShape[axis] === 1).reduce((product, axis) => product * from[axis], 1);
  const once = builder.add('Sum', [builder.add('Reshape', [source], { shape: sourceShape })], { axes, keepDims });
  return broadcast(builder, builder.add('Multiply', [once, builder.constant(times, node.dtype)]), node.shape);
};

const extremum: Rule = (builder, { inputs: [input], shape }) =>
  sizeOf(builder.shapeOf(input)) === sizeOf(shape) ? builder.add('Reshape', [input], { shape }) : undefined;

const matMul: Rule = (builder, { inputs: [a, b], shape, attributes }) => {
  const { transposeA, transposeB } = attributes as { transposeA: boolean; transposeB: boolean };
  const swappedA = swapsMatrix(builder, a);
  if (swappedA !== undefined) return builder.add('BatchMatMul', [swappedA, b], { transposeA: !transposeA, transposeB });
  const swappedB = swapsMatrix(builder, b);
  if (swappedB !== undefined) return builder.add('BatchMatMul', [a, swappedB], { transposeA, transposeB: !transposeB });
  const from = builder.shapeOf(a);
  if (from.length === 2 || builder.shapeOf(b).length > 2 || transposeA) return undefined;
  const width = from[from.length - 1];
  const rows = builder.add('Reshape', [a], { shape: [sizeOf(from) / width, width] });
  return builder.add('Reshape', [builder.add('BatchMatMul', [rows, b], { transposeA, transposeB })], { shape });
};

/** The untransposed value, if this one is a transpose of its last two axes. */
function swapsMatrix(builder: GraphBuilder, id: number): number | undefined {
  const node = madeBy(builder, id, 'Transpose');
  const perm = node && (node.attributes.perm as readonly number[]);
  if (!perm) return undefined;
  const rank = perm.length;
  const swaps = perm.every((axis, i) => axis === (i === rank - 1 ? rank - 2 : i === rank - 2 ? rank - 1 : i));
  return swaps ? node.inputs[0] : undefined;
}

function padRank(shape: readonly number[], rank: number): number[] {
  return [...Array.from({ length: rank - shape.length }, () => 1), ...shape];
}

/** What a splat becomes under a layout kernel: the number that fills the result, if there is one. */
function splatResult(builder: GraphBuilder, node: GraphNode): number | undefined {
  const value = splatOf(builder, node.inputs[0]);
  if (value === undefined) return undefined;
  switch (node.kernel) {
    case 'Reshape':
    case 'Transpose':
    case 'Slice':
    case 'Stride':
    case 'Reverse':
    case 'Max':
    case 'Min':
      return value;
    case 'Concat':
      return node.inputs.every((input) => Object.is(splatOf(builder, input), value)) ? value : undefined;
    case 'PadV2':
      return Object.is(node.attributes.value, value) ? value : undefined;
    case 'Sum':
      return (value * sizeOf(builder.shapeOf(node.inputs[0]))) / sizeOf(node.shape);
    default:
      return undefined;
  }
}

/** A layout kernel of a splat is a splat. */
export const moveSplat: Rule = (builder, node) => {
  const value = splatResult(builder, node);
  return value === undefined ? undefined : makeSplat(builder, value, node);
};

/** Identities by kernel. */
export const layoutRules: Readonly<Record<string, Rule>> = {
  Reshape: reshape,
  BroadcastTo: broadcastTo,
  Transpose: transpose,
  Slice: slice,
  Stride: stride,
  Reverse: reverse,
  Concat: concat,
  PadV2: pad,
  Sum: sum,
  Max: extremum,
  Min: extremum,
  BatchMatMul: matMul,
};
