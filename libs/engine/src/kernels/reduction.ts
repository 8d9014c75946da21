/**
 * Reductions along axes, running sums, and the log-softmax of the last axis.
 */
import { sizeOf, stridesOf, type Shape } from '@geodesic/tensor';
import { KernelError } from '../errors.ts';
import type { Expressions } from '../expressions.ts';
import { describeType, type Attributes, type ValueType } from '../graph.ts';
import {
  axisAttribute,
  flagAttribute,
  integersAttribute,
  requireFloat,
  requireRank,
  type Inferred,
  type Kernel,
  type Operand,
} from '../kernel.ts';
import { offsets } from './offsets.ts';
import { linearTangent } from './tangents.ts';

function inferReduction(name: string, input: ValueType, attributes: Inferred['attributes']): Inferred {
  const rank = input.shape.length;
  if (input.dtype === 'bool') throw new KernelError(name, 'a numeric input', `${describeType(input)} (cast it first)`);
  const given = integersAttribute(name, attributes, 'axes');
  const axes = [...new Set(given.map((axis) => (axis < 0 ? axis + rank : axis)))].sort((a, b) => a - b);
  if (axes.length !== given.length || axes.some((axis) => axis < 0 || axis >= rank))
    throw new KernelError(name, `attribute axes: distinct axes of ${describeType(input)}`, JSON.stringify(given));
  const keepDims = flagAttribute(name, attributes, 'keepDims');
  const shape = keepDims ? keptShape(input.shape, axes) : input.shape.filter((_, axis) => !axes.includes(axis));
  return { shape, dtype: input.dtype, attributes: { axes, keepDims } };
}

function keptShape(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

/** Folds each group of entries that share a place in the result; groups in row-major order, entries too. */
function fold(input: Operand, axes: readonly number[], combine: (sum: number, value: number) => number): Float64Array {
  const strides = stridesOf(input.shape);
  const kept = input.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const pick = (list: readonly number[], which: readonly number[]): number[] => which.map((axis) => list[axis]);
  const inner = offsets(pick(input.shape, axes), pick(strides, axes));
  const outer = offsets(pick(input.shape, kept), pick(strides, kept));
  return Float64Array.from(outer, (start) => {
    let result = input.data[start];
    for (let i = 1; i < inner.length; i++) result = combine(result, input.data[start + inner[i]]);
    return result;
  });
}

/** Spreads a value of a reduction's result over the axes that were reduced. */
function spread(x: Expressions, value: number, shape: Shape, axes: readonly number[]): number {
  return x.broadcastTo(x.reshape(value, keptShape(shape, axes)), shape);
}

const sum: Kernel = {
  name: 'Sum',
  arity: 1,
  infer: ([input], attributes) => inferReduction('Sum', input, attributes),
  evaluate: ([input], { attributes }) => fold(input, attributes.axes as readonly number[], (a, b) => a + b),
  vjp: (x, { inputs: [input], cotangent, attributes }) => [
    () => spread(x, cotangent, x.shapeOf(input), attributes.axes as readonly number[]),
  ],
  jvp: linearTangent('Sum'),
};

/**
 * Entries that tie for the extremum share the cotangent equally, as in TensorFlow, PyTorch and JAX, which makes it a
 * subgradient; TensorFlow.js gives each of them the whole.
 */
function extremum(name: string, combine: (a: number, b: number) => number): Kernel {
  return {
    name,
    arity: 1,
    infer: ([input], attributes) => inferReduction(name, input, attributes),
    evaluate: ([input], { attributes }) => fold(input, attributes.axes as readonly number[], combine),
    vjp: (x, { inputs: [input], output, cotangent, attributes }) => [
      () => {
        const axes = attributes.axes as readonly number[];
        const { attained, count } = attainment(x, { input, output, attributes });
        return x.where(attained, spread(x, x.div(cotangent, count), x.shapeOf(input), axes));
      },
    ],
    jvp(x, { inputs: [input], output, tangents: [tangent], attributes }) {
      if (tangent === undefined) return undefined;
      const { attained, count } = attainment(x, { input, output, attributes });
      return x.div(x.builder.add('Sum', [x.where(attained, tangent)], attributes), count);
    },
  };
}

/** Which entries attain the extremum, and how many of each group; the count has the output's shape. */
function attainment(
  x: Expressions,
  { input, output, attributes }: { readonly input: number; readonly output: number; readonly attributes: Attributes },
): { attained: number; count: number } {
  const attained = x.binary('Equal', input, spread(x, output, x.shapeOf(input), attributes.axes as readonly number[]));
  return { attained, count: x.builder.add('Sum', [x.cast(attained, x.dtypeOf(input))], attributes) };
}

const cumsum: Kernel = {
  name: 'Cumsum',
  arity: 1,
  infer([input], attributes) {
    requireFloat('Cumsum', input);
    requireRank('Cumsum', input, 1);
    const axis = axisAttribute('Cumsum', attributes, input.shape.length);
    const exclusive = flagAttribute('Cumsum', attributes, 'exclusive');
    const reverse = flagAttribute('Cumsum', attributes, 'reverse');
    return { ...input, attributes: { axis, exclusive, reverse } };
  },
  evaluate([input], { shape, attributes }) {
    const { axis, exclusive, reverse } = attributes as { axis: number; exclusive: boolean; reverse: boolean };
    const strides = stridesOf(shape);
    const out = new Float64Array(sizeOf(shape));
    for (const start of offsets(shape.toSpliced(axis, 1), strides.toSpliced(axis, 1))) {
      let total = 0;
      for (let i = 0; i < shape[axis]; i++) {
        const at = start + (reverse ? shape[axis] - 1 - i : i) * strides[axis];
        const next = total + input.data[at];
        out[at] = exclusive ? total : next;
        total = next;
      }
    }
    return out;
  },
  vjp: (x, { cotangent, attributes }) => [() => x.builder.add('Cumsum', [cotangent], { ...attributes, reverse: !attributes.reverse })],
  jvp: linearTangent('Cumsum'),
};

const logSoftmax: Kernel = {
  name: 'LogSoftmax',
  arity: 1,
  infer([input]) {
    requireFloat('LogSoftmax', input);
    requireRank('LogSoftmax', input, 1);
    return { ...input, attributes: {} };
  },
  evaluate([{ data, shape }]) {
    const width = shape[shape.length - 1];
    const out = new Float64Array(data.length);
    for (let row = 0; row < data.length; row += width) {
      const entries = data.subarray(row, row + width);
      const top = entries.reduce((a, b) => Math.max(a, b));
      const normalizer = top + Math.log(entries.reduce((total, entry) => total + Math.exp(entry - top), 0));
      for (let i = 0; i < width; i++) out[row + i] = entries[i] - normalizer;
    }
    return out;
  },
  vjp: (x, { output, cotangent }) => [
    () => {
      const total = x.sum(cotangent, [x.shapeOf(cotangent).length - 1], { keepDims: true });
      return x.sub(cotangent, x.mul(x.unary('Exp', output), total));
    },
  ],
  jvp(x, { output, tangents: [tangent] }) {
    if (tangent === undefined) return undefined;
    const mean = x.sum(x.mul(x.unary('Exp', output), tangent), [x.shapeOf(output).length - 1], { keepDims: true });
    return x.sub(tangent, mean);
  },
};

/** Reductions, running sums and log-softmax. */
export const reductionKernels: readonly Kernel[] = [sum, extremum('Max', Math.max), extremum('Min', Math.min), cumsum, logSoftmax];
