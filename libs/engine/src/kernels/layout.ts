/**
 * Kernels that move values without computing: casts, shapes, slices, joins. Each one's derivative is another of them.
 */
import { sizeOf, stridesOf, type DType } from '@geodesic/tensor';
import { KernelError } from '../errors.ts';
import { describeType, isFloat } from '../graph.ts';
import { axisAttribute, integersAttribute, requireSameDtype, requireShape, type Kernel } from '../kernel.ts';
import { broadcastStrides, gather, offsets } from './offsets.ts';
import { linearTangent } from './tangents.ts';

const DTYPES: readonly string[] = ['float32', 'float64', 'int32', 'bool'];

const cast: Kernel = {
  name: 'Cast',
  arity: 1,
  elementwise: true,
  infer([input], attributes) {
    const { dtype } = attributes;
    if (typeof dtype !== 'string' || !DTYPES.includes(dtype)) throw new KernelError('Cast', 'attribute dtype: a dtype', String(dtype));
    return { shape: input.shape, dtype: dtype as DType, attributes: { dtype } };
  },
  evaluate([{ data }], { dtype }) {
    if (dtype === 'int32') return data.map(Math.trunc);
    return dtype === 'bool' ? data.map((value) => Number(value !== 0)) : data.slice();
  },
  vjp(x, { inputs: [input], output, cotangent }) {
    const smooth = isFloat(x.dtypeOf(input)) && isFloat(x.dtypeOf(output));
    return [smooth ? () => x.cast(cotangent, x.dtypeOf(input)) : undefined];
  },
  jvp: (x, { output, tangents: [tangent] }) =>
    tangent !== undefined && isFloat(x.dtypeOf(output)) ? x.cast(tangent, x.dtypeOf(output)) : undefined,
};

const reshape: Kernel = {
  name: 'Reshape',
  arity: 1,
  infer([input], attributes) {
    const shape = integersAttribute('Reshape', attributes, 'shape');
    requireShape('Reshape', shape);
    if (sizeOf(shape) !== sizeOf(input.shape))
      throw new KernelError('Reshape', `a shape of ${sizeOf(input.shape)} entries`, `[${shape.join(',')}]`);
    return { shape, dtype: input.dtype, attributes: { shape } };
  },
  evaluate: ([{ data }]) => data.slice(),
  vjp: (x, { inputs: [input], cotangent }) => [() => x.reshape(cotangent, x.shapeOf(input))],
  jvp: linearTangent('Reshape'),
};

const broadcastTo: Kernel = {
  name: 'BroadcastTo',
  arity: 1,
  infer([input], attributes) {
    const shape = integersAttribute('BroadcastTo', attributes, 'shape');
    requireShape('BroadcastTo', shape);
    const lead = shape.length - input.shape.length;
    const fits = lead >= 0 && input.shape.every((size, axis) => size === 1 || size === shape[axis + lead]);
    if (!fits) throw new KernelError('BroadcastTo', `a shape that ${describeType(input)} broadcasts to`, `[${shape.join(',')}]`);
    return { shape, dtype: input.dtype, attributes: { shape } };
  },
  evaluate: ([input], { shape }) => gather(input.data, offsets(shape, broadcastStrides(input.shape, shape))),
  vjp: (x, { inputs: [input], cotangent }) => [() => x.reduceTo(cotangent, x.shapeOf(input))],
  jvp: linearTangent('BroadcastTo'),
};

const transpose: Kernel = {
  name: 'Transpose',
  arity: 1,
  infer([input], attributes) {
    const rank = input.shape.length;
    const perm = integersAttribute('Transpose', attributes, 'perm', rank);
    const valid = [...perm].sort((a, b) => a - b).every((axis, i) => axis === i);
    if (!valid) throw new KernelError('Transpose', `attribute perm: a permutation of 0..${rank - 1}`, JSON.stringify(perm));
    return { shape: perm.map((axis) => input.shape[axis]), dtype: input.dtype, attributes: { perm } };
  },
  evaluate([input], { shape, attributes }) {
    const strides = stridesOf(input.shape);
    return gather(
      input.data,
      offsets(
        shape,
        (attributes.perm as readonly number[]).map((axis) => strides[axis]),
      ),
    );
  },
  vjp(x, { cotangent, attributes }) {
    const perm = attributes.perm as readonly number[];
    return [
      () =>
        x.transpose(
          cotangent,
          perm.map((_, axis) => perm.indexOf(axis)),
        ),
    ];
  },
  jvp: linearTangent('Transpose'),
};

const slice: Kernel = {
  name: 'Slice',
  arity: 1,
  infer([input], attributes) {
    const rank = input.shape.length;
    const begin = integersAttribute('Slice', attributes, 'begin', rank);
    const size = integersAttribute('Slice', attributes, 'size', rank);
    const inside = begin.every((from, axis) => from >= 0 && size[axis] > 0 && from + size[axis] <= input.shape[axis]);
    if (!inside)
      throw new KernelError('Slice', `a slice inside ${describeType(input)}`, `begin [${begin.join(',')}], size [${size.join(',')}]`);
    return { shape: size, dtype: input.dtype, attributes: { begin, size } };
  },
  evaluate([input], { shape, attributes }) {
    const strides = stridesOf(input.shape);
    const start = (attributes.begin as readonly number[]).reduce((sum, from, axis) => sum + from * strides[axis], 0);
    return gather(input.data, offsets(shape, strides, start));
  },
  vjp(x, { inputs: [input], cotangent, attributes }) {
    const { begin, size } = attributes as { begin: readonly number[]; size: readonly number[] };
    return [
      () =>
        x.pad(
          cotangent,
          x.shapeOf(input).map((full, axis) => [begin[axis], full - begin[axis] - size[axis]]),
        ),
    ];
  },
  jvp: linearTangent('Slice'),
};

const concat: Kernel = {
  name: 'Concat',
  arity: undefined,
  infer(inputs, attributes) {
    const [first] = inputs;
    requireSameDtype('Concat', inputs);
    const axis = axisAttribute('Concat', attributes, first.shape.length);
    const odd = inputs.find(({ shape }) => shape.length !== first.shape.length || shape.some((n, i) => i !== axis && n !== first.shape[i]));
    if (odd) throw new KernelError('Concat', `shapes equal to ${describeType(first)} outside axis ${axis}`, describeType(odd));
    const total = inputs.reduce((sum, { shape }) => sum + shape[axis], 0);
    return { shape: first.shape.with(axis, total), dtype: first.dtype, attributes: { axis } };
  },
  evaluate(inputs, { shape, attributes }) {
    const strides = stridesOf(shape);
    const axis = attributes.axis as number;
    const out = new Float64Array(sizeOf(shape));
    let begin = 0;
    for (const input of inputs) {
      offsets(input.shape, strides, begin * strides[axis]).forEach((at, i) => (out[at] = input.data[i]));
      begin += input.shape[axis];
    }
    return out;
  },
  vjp(x, { inputs, cotangent, attributes }) {
    const axis = attributes.axis as number;
    let next = 0;
    return inputs.map((input) => {
      const begin = x.shapeOf(cotangent).map((_, i) => (i === axis ? next : 0));
      next += x.shapeOf(input)[axis];
      return () => x.slice(cotangent, begin, x.shapeOf(input));
    });
  },
  jvp(x, { inputs, tangents, attributes }) {
    const parts = inputs.map((input, i) => tangents[i] ?? x.zeros(x.shapeOf(input), x.dtypeOf(input)));
    return x.concat(parts, attributes.axis as number);
  },
};

const pad: Kernel = {
  name: 'PadV2',
  arity: 1,
  infer([input], attributes) {
    const { paddings, value = 0 } = attributes;
    const pairs = paddings as readonly (readonly [number, number])[];
    const counts = (pair: unknown): boolean => Array.isArray(pair) && pair.length === 2 && pair.every((n) => Number.isInteger(n) && n >= 0);
    if (!Array.isArray(paddings) || paddings.length !== input.shape.length || !paddings.every(counts))
      throw new KernelError('PadV2', `attribute paddings: ${input.shape.length} pairs of counts`, JSON.stringify(paddings));
    if (typeof value !== 'number') throw new KernelError('PadV2', 'attribute value: a number', JSON.stringify(value));
    const shape = input.shape.map((size, axis) => pairs[axis][0] + size + pairs[axis][1]);
    return { shape, dtype: input.dtype, attributes: { paddings, value } };
  },
  evaluate([input], { shape, attributes }) {
    const strides = stridesOf(shape);
    const start = (attributes.paddings as readonly (readonly number[])[]).reduce((sum, [before], axis) => sum + before * strides[axis], 0);
    const out = new Float64Array(sizeOf(shape)).fill(attributes.value as number);
    offsets(input.shape, strides, start).forEach((at, i) => (out[at] = input.data[i]));
    return out;
  },
  vjp(x, { inputs: [input], cotangent, attributes }) {
    const begin = (attributes.paddings as readonly (readonly number[])[]).map(([before]) => before);
    return [() => x.slice(cotangent, begin, x.shapeOf(input))];
  },
  // The surrounding value is a constant: zeros surround the tangent.
  jvp: (x, { tangents: [tangent], attributes }) =>
    tangent === undefined ? undefined : x.pad(tangent, attributes.paddings as readonly (readonly number[])[]),
};

/** Kernels that move values without computing. */
export const layoutKernels: readonly Kernel[] = [cast, reshape, broadcastTo, transpose, slice, concat, pad];
