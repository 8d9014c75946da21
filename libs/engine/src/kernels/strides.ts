/**
 * Strided reading and its transpose. Along axis i, Stride takes the entries begin_i + k strides_i for k in [0, size_i);
 * Dilate puts an input's entries there into zeros of a given shape. Strides may be negative. Reverse is its own transpose.
 */
import { sizeOf, stridesOf, type Shape } from '@geodesic/tensor';
import { KernelError } from '../errors.ts';
import { describeType } from '../graph.ts';
import { integersAttribute, requireShape, type Kernel } from '../kernel.ts';
import { gather, offsets } from './offsets.ts';
import { linearTangent } from './tangents.ts';

/** A strided block of a tensor. */
interface Walk {
  readonly begin: readonly number[];
  readonly strides: readonly number[];
}

function requireInside(kernel: string, full: Shape, walk: Walk & { readonly size: Shape }): void {
  const { begin, strides, size } = walk;
  const inside = full.every((n, axis) => {
    const last = begin[axis] + (size[axis] - 1) * strides[axis];
    return size[axis] > 0 && strides[axis] !== 0 && Math.min(begin[axis], last) >= 0 && Math.max(begin[axis], last) < n;
  });
  if (inside) return;
  const got = `begin [${begin.join(',')}], size [${size.join(',')}], strides [${strides.join(',')}]`;
  throw new KernelError(kernel, `strided positions inside [${full.join(',')}]`, got);
}

/** Where the block's entries stand in a tensor of a full shape. */
function positions(full: Shape, size: Shape, { begin, strides }: Walk): Int32Array {
  const steps = stridesOf(full);
  const start = begin.reduce((sum, from, axis) => sum + from * steps[axis], 0);
  return offsets(
    size,
    steps.map((step, axis) => step * strides[axis]),
    start,
  );
}

const stride: Kernel = {
  name: 'Stride',
  arity: 1,
  infer([input], attributes) {
    const rank = input.shape.length;
    const begin = integersAttribute('Stride', attributes, 'begin', rank);
    const size = integersAttribute('Stride', attributes, 'size', rank);
    const strides = integersAttribute('Stride', attributes, 'strides', rank);
    requireInside('Stride', input.shape, { begin, size, strides });
    return { shape: size, dtype: input.dtype, attributes: { begin, size, strides } };
  },
  evaluate: ([input], { shape, attributes }) => gather(input.data, positions(input.shape, shape, attributes as unknown as Walk)),
  vjp: (x, { inputs: [input], cotangent, attributes: { begin, strides } }) => [
    () => x.builder.add('Dilate', [cotangent], { begin, strides, shape: x.shapeOf(input) }),
  ],
  jvp: linearTangent('Stride'),
};

const dilate: Kernel = {
  name: 'Dilate',
  arity: 1,
  infer([input], attributes) {
    const rank = input.shape.length;
    const begin = integersAttribute('Dilate', attributes, 'begin', rank);
    const strides = integersAttribute('Dilate', attributes, 'strides', rank);
    const shape = integersAttribute('Dilate', attributes, 'shape', rank);
    if (input.dtype === 'bool') throw new KernelError('Dilate', 'a numeric input', `${describeType(input)} (cast it first)`);
    requireShape('Dilate', shape);
    requireInside('Dilate', shape, { begin, size: input.shape, strides });
    return { shape, dtype: input.dtype, attributes: { begin, strides, shape } };
  },
  evaluate([input], { shape, attributes }) {
    const out = new Float64Array(sizeOf(shape));
    positions(shape, input.shape, attributes as unknown as Walk).forEach((at, i) => (out[at] = input.data[i]));
    return out;
  },
  vjp: (x, { inputs: [input], cotangent, attributes: { begin, strides } }) => [
    () => x.builder.add('Stride', [cotangent], { begin, size: x.shapeOf(input), strides }),
  ],
  jvp: linearTangent('Dilate'),
};

const reverse: Kernel = {
  name: 'Reverse',
  arity: 1,
  infer([input], attributes) {
    const rank = input.shape.length;
    const given = integersAttribute('Reverse', attributes, 'axes');
    const axes = [...new Set(given.map((axis) => (axis < 0 ? axis + rank : axis)))].sort((a, b) => a - b);
    if (axes.length !== given.length || axes.some((axis) => axis < 0 || axis >= rank))
      throw new KernelError('Reverse', `attribute axes: distinct axes of ${describeType(input)}`, JSON.stringify(given));
    return { ...input, attributes: { axes } };
  },
  evaluate([input], { shape, attributes }) {
    const axes = attributes.axes as readonly number[];
    const flipped = shape.map((_, axis) => axes.includes(axis));
    const begin = shape.map((n, axis) => (flipped[axis] ? n - 1 : 0));
    const strides = flipped.map((flip) => (flip ? -1 : 1));
    return gather(input.data, positions(shape, shape, { begin, strides }));
  },
  vjp: (x, { cotangent, attributes }) => [() => x.builder.add('Reverse', [cotangent], attributes)],
  jvp: linearTangent('Reverse'),
};

/** Stride, its transpose Dilate, and Reverse. */
export const strideKernels: readonly Kernel[] = [stride, dilate, reverse];
