/**
 * Reading and adding at positions that are given point by point. TakeAlongAxis(x, i) reads x at position i along one axis,
 * all other coordinates being those of the result; PutAlongAxis is its transpose. GatherNd(x, i [.., K]) reads at whole
 * coordinates of the first K axes; ScatterNd is its transpose. Entries put at one place add up in row-major order.
 */
import { sizeOf, stridesOf, type Shape } from '@geodesic/tensor';
import { KernelError } from '../errors.ts';
import { describeType, type Attributes, type ValueType } from '../graph.ts';
import {
  axisAttribute,
  integerAttribute,
  integersAttribute,
  requireFloat,
  requireRank,
  requireShape,
  type Kernel,
  type Operand,
} from '../kernel.ts';
import { offsets } from './offsets.ts';
import { linearTangent } from './tangents.ts';

function requireIndices(kernel: string, indices: ValueType): void {
  if (indices.dtype !== 'int32') throw new KernelError(kernel, 'int32 indices', describeType(indices));
}

function requireWithin(kernel: string, index: number, size: number): void {
  if (!(index >= 0 && index < size)) throw new KernelError(kernel, `indices in [0, ${size})`, String(index));
}

/** Where each entry of the indices' shape stands in a tensor whose `axis` has `size` positions. */
function alongAxis(kernel: string, indices: Operand, axis: number, size: number): Int32Array {
  const steps = stridesOf(indices.shape.with(axis, size));
  const starts = offsets(indices.shape, steps.with(axis, 0));
  return starts.map((start, i) => {
    requireWithin(kernel, indices.data[i], size);
    return start + indices.data[i] * steps[axis];
  });
}

/** The axis, checked with the inputs. */
function alongAxisOf(kernel: string, [input, indices]: readonly ValueType[], attributes: Attributes): number {
  requireIndices(kernel, indices);
  requireRank(kernel, input, 1);
  const axis = axisAttribute(kernel, attributes, input.shape.length);
  const fits = indices.shape.length === input.shape.length && input.shape.every((n, i) => i === axis || n === indices.shape[i]);
  if (!fits) throw new KernelError(kernel, `indices of the shape of ${describeType(input)} outside axis ${axis}`, describeType(indices));
  return axis;
}

const takeAlongAxis: Kernel = {
  name: 'TakeAlongAxis',
  arity: 2,
  infer(inputs, attributes) {
    const axis = alongAxisOf('TakeAlongAxis', inputs, attributes);
    return { shape: inputs[1].shape, dtype: inputs[0].dtype, attributes: { axis } };
  },
  evaluate([input, indices], { attributes }) {
    const axis = attributes.axis as number;
    return Float64Array.from(alongAxis('TakeAlongAxis', indices, axis, input.shape[axis]), (at) => input.data[at]);
  },
  vjp(x, { inputs: [input, indices], cotangent, attributes }) {
    const axis = attributes.axis as number;
    return [() => x.builder.add('PutAlongAxis', [cotangent, indices], { axis, size: x.shapeOf(input)[axis] }), undefined];
  },
  jvp: linearTangent('TakeAlongAxis'),
};

const putAlongAxis: Kernel = {
  name: 'PutAlongAxis',
  arity: 2,
  infer(inputs, attributes) {
    requireFloat('PutAlongAxis', inputs[0]);
    const axis = alongAxisOf('PutAlongAxis', inputs, attributes);
    if (inputs[0].shape[axis] !== inputs[1].shape[axis])
      throw new KernelError('PutAlongAxis', `indices of shape [${inputs[0].shape.join(',')}]`, describeType(inputs[1]));
    const size = integerAttribute('PutAlongAxis', attributes, 'size', 1);
    return { shape: inputs[0].shape.with(axis, size), dtype: inputs[0].dtype, attributes: { axis, size } };
  },
  evaluate([updates, indices], { shape, attributes }) {
    const { axis, size } = attributes as { axis: number; size: number };
    const out = new Float64Array(sizeOf(shape));
    alongAxis('PutAlongAxis', indices, axis, size).forEach((at, i) => (out[at] += updates.data[i]));
    return out;
  },
  vjp: (x, { inputs: [, indices], cotangent, attributes: { axis } }) => [
    () => x.builder.add('TakeAlongAxis', [cotangent, indices], { axis }),
    undefined,
  ],
  jvp: linearTangent('PutAlongAxis'),
};

/** Number of leading axes that the indices [.., K] address. */
function depthOf(kernel: string, indices: ValueType, shape: Shape): number {
  requireIndices(kernel, indices);
  requireRank(kernel, indices, 1);
  const depth = indices.shape[indices.shape.length - 1];
  if (depth > shape.length) throw new KernelError(kernel, `indices [.., K] with K up to ${shape.length}`, describeType(indices));
  return depth;
}

/** Calls `visit` with the block offsets in the addressed side and in the listed side. */
function eachPoint(
  options: { readonly kernel: string; readonly shape: Shape; readonly indices: Operand },
  visit: (addressed: number, listed: number, length: number) => void,
): void {
  const { kernel, shape, indices } = options;
  const depth = indices.shape[indices.shape.length - 1];
  const steps = stridesOf(shape);
  const length = sizeOf(shape.slice(depth));
  for (let point = 0; point * depth < indices.data.length; point++) {
    let at = 0;
    for (let axis = 0; axis < depth; axis++) {
      const index = indices.data[point * depth + axis];
      requireWithin(kernel, index, shape[axis]);
      at += index * steps[axis];
    }
    visit(at, point * length, length);
  }
}

const gatherNd: Kernel = {
  name: 'GatherNd',
  arity: 2,
  infer([input, indices]) {
    const depth = depthOf('GatherNd', indices, input.shape);
    return { shape: [...indices.shape.slice(0, -1), ...input.shape.slice(depth)], dtype: input.dtype, attributes: {} };
  },
  evaluate([input, indices], { shape }) {
    const out = new Float64Array(sizeOf(shape));
    eachPoint({ kernel: 'GatherNd', shape: input.shape, indices }, (from, to, length) =>
      out.set(input.data.subarray(from, from + length), to),
    );
    return out;
  },
  vjp: (x, { inputs: [input, indices], cotangent }) => [
    () => x.builder.add('ScatterNd', [cotangent, indices], { shape: x.shapeOf(input) }),
    undefined,
  ],
  jvp: linearTangent('GatherNd'),
};

const scatterNd: Kernel = {
  name: 'ScatterNd',
  arity: 2,
  infer([updates, indices], attributes) {
    const shape = integersAttribute('ScatterNd', attributes, 'shape');
    requireShape('ScatterNd', shape);
    const depth = depthOf('ScatterNd', indices, shape);
    if (updates.dtype === 'bool') throw new KernelError('ScatterNd', 'numeric updates', 'bool (cast it first)');
    const expected = [...indices.shape.slice(0, -1), ...shape.slice(depth)].join(',');
    if (updates.shape.join(',') !== expected) throw new KernelError('ScatterNd', `updates of shape [${expected}]`, describeType(updates));
    return { shape, dtype: updates.dtype, attributes: { shape } };
  },
  evaluate([updates, indices], { shape }) {
    const out = new Float64Array(sizeOf(shape));
    eachPoint({ kernel: 'ScatterNd', shape, indices }, (to, from, length) => {
      for (let i = 0; i < length; i++) out[to + i] += updates.data[from + i];
    });
    return out;
  },
  vjp: (x, { inputs: [, indices], cotangent }) => [() => x.builder.add('GatherNd', [cotangent, indices]), undefined],
  jvp: linearTangent('ScatterNd'),
};

/** TakeAlongAxis and PutAlongAxis, GatherNd and ScatterNd. */
export const pointwiseIndexingKernels: readonly Kernel[] = [takeAlongAxis, putAlongAxis, gatherNd, scatterNd];
