/**
 * Reading and adding at integer positions along an axis. GatherV2 and ScatterAdd are each other's transpose. A position
 * outside the axis is an error of the reference interpreter; executors need not check.
 */
import { sizeOf, stridesOf, type Shape } from '@geodesic/tensor';
import { KernelError } from '../errors.ts';
import { describeType, type ValueType } from '../graph.ts';
import { axisAttribute, integerAttribute, requireFloat, requireRank, type Kernel } from '../kernel.ts';
import { linearTangent, noTangent } from './tangents.ts';

function requireIndices(kernel: string, indices: ValueType): void {
  if (indices.dtype !== 'int32') throw new KernelError(kernel, 'int32 indices', describeType(indices));
}

/** Calls `visit` with the block offsets (of `length` entries) in the indexed side and in the gathered side. */
function eachBlock(
  options: { readonly kernel: string; readonly shape: Shape; readonly axis: number; readonly indices: Float64Array },
  visit: (indexed: number, gathered: number, length: number) => void,
): void {
  const { kernel, shape, axis, indices } = options;
  const length = stridesOf(shape)[axis];
  const outer = sizeOf(shape.slice(0, axis));
  for (let o = 0; o < outer; o++) {
    indices.forEach((index, i) => {
      if (!(index >= 0 && index < shape[axis])) throw new KernelError(kernel, `indices in [0, ${shape[axis]})`, String(index));
      visit((o * shape[axis] + index) * length, (o * indices.length + i) * length, length);
    });
  }
}

const gather: Kernel = {
  name: 'GatherV2',
  arity: 2,
  infer([input, indices], attributes) {
    requireIndices('GatherV2', indices);
    requireRank('GatherV2', input, 1);
    const axis = axisAttribute('GatherV2', attributes, input.shape.length);
    return { shape: input.shape.toSpliced(axis, 1, ...indices.shape), dtype: input.dtype, attributes: { axis } };
  },
  evaluate([input, indices], { shape, attributes }) {
    const out = new Float64Array(sizeOf(shape));
    const options = { kernel: 'GatherV2', shape: input.shape, axis: attributes.axis as number, indices: indices.data };
    eachBlock(options, (from, to, length) => out.set(input.data.subarray(from, from + length), to));
    return out;
  },
  vjp(x, { inputs: [input, indices], cotangent, attributes }) {
    const axis = attributes.axis as number;
    return [() => x.builder.add('ScatterAdd', [cotangent, indices], { axis, size: x.shapeOf(input)[axis] }), undefined];
  },
  jvp: linearTangent('GatherV2'),
};

const scatterAdd: Kernel = {
  name: 'ScatterAdd',
  arity: 2,
  infer([updates, indices], attributes) {
    requireIndices('ScatterAdd', indices);
    requireFloat('ScatterAdd', updates);
    const rank = updates.shape.length - indices.shape.length + 1;
    const axis = axisAttribute('ScatterAdd', attributes, Math.max(rank, 0));
    const size = integerAttribute('ScatterAdd', attributes, 'size', 1);
    const indexed = updates.shape.slice(axis, axis + indices.shape.length);
    if (indexed.some((n, i) => n !== indices.shape[i]))
      throw new KernelError('ScatterAdd', `updates whose axes from ${axis} are ${describeType(indices)}`, describeType(updates));
    return { shape: updates.shape.toSpliced(axis, indices.shape.length, size), dtype: updates.dtype, attributes: { axis, size } };
  },
  evaluate([updates, indices], { shape, attributes }) {
    const out = new Float64Array(sizeOf(shape));
    eachBlock({ kernel: 'ScatterAdd', shape, axis: attributes.axis as number, indices: indices.data }, (to, from, length) => {
      for (let i = 0; i < length; i++) out[to + i] += updates.data[from + i];
    });
    return out;
  },
  vjp: (x, { inputs: [, indices], cotangent, attributes }) => [
    () => x.builder.add('GatherV2', [cotangent, indices], { axis: attributes.axis }),
    undefined,
  ],
  jvp: linearTangent('ScatterAdd'),
};

const oneHot: Kernel = {
  name: 'OneHot',
  arity: 1,
  infer([indices], attributes) {
    requireIndices('OneHot', indices);
    const depth = integerAttribute('OneHot', attributes, 'depth', 1);
    return { shape: [...indices.shape, depth], dtype: 'float32', attributes: { depth } };
  },
  evaluate([indices], { shape, attributes }) {
    const depth = attributes.depth as number;
    const out = new Float64Array(sizeOf(shape));
    indices.data.forEach((index, i) => {
      if (index >= 0 && index < depth) out[i * depth + index] = 1;
    });
    return out;
  },
  vjp: () => [undefined],
  jvp: noTangent,
};

/** Reading and adding at integer positions. */
export const indexingKernels: readonly Kernel[] = [gather, scatterAdd, oneHot];
