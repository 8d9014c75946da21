/**
 * Short names for appending common operations to a builder; derivative rules and programs put together by hand are
 * written in it. All arguments and results are value ids; shapes broadcast as in numpy.
 */
import type { DType, Shape } from '@geodesic/tensor';
import { sameShape } from '@geodesic/tensor';
import type { GraphBuilder } from './graph-builder.ts';

/**
 * Operations on values of one builder.
 *
 * Limitations: operands must have equal dtypes; use {@link Expressions.cast}.
 */
export class Expressions {
  readonly builder: GraphBuilder;

  constructor(builder: GraphBuilder) {
    this.builder = builder;
  }

  shapeOf(id: number): Shape {
    return this.builder.shapeOf(id);
  }

  dtypeOf(id: number): DType {
    return this.builder.dtypeOf(id);
  }

  /** A scalar constant of a value's dtype. */
  like(id: number, value: number): number {
    return this.builder.constant(value, this.dtypeOf(id));
  }

  unary(kernel: string, input: number): number {
    return this.builder.add(kernel, [input]);
  }

  binary(kernel: string, a: number, b: number): number {
    return this.builder.add(kernel, [a, b]);
  }

  add(a: number, b: number): number {
    return this.binary('Add', a, b);
  }

  sub(a: number, b: number): number {
    return this.binary('Sub', a, b);
  }

  mul(a: number, b: number): number {
    return this.binary('Multiply', a, b);
  }

  div(a: number, b: number): number {
    return this.binary('RealDiv', a, b);
  }

  neg(input: number): number {
    return this.unary('Neg', input);
  }

  square(input: number): number {
    return this.unary('Square', input);
  }

  /** input * factor. */
  scale(input: number, factor: number): number {
    return this.mul(input, this.like(input, factor));
  }

  /** input + offset. */
  shift(input: number, offset: number): number {
    return this.add(input, this.like(input, offset));
  }

  oneMinus(input: number): number {
    return this.sub(this.like(input, 1), input);
  }

  select(condition: number, a: number, b: number): number {
    return this.builder.add('Select', [condition, a, b]);
  }

  /** The value where the condition holds, zero elsewhere. */
  where(condition: number, value: number): number {
    return this.select(condition, value, this.like(value, 0));
  }

  cast(input: number, dtype: DType): number {
    return this.builder.add('Cast', [input], { dtype });
  }

  sum(input: number, axes: readonly number[], options: { readonly keepDims?: boolean } = {}): number {
    return this.builder.add('Sum', [input], { axes, keepDims: options.keepDims ?? false });
  }

  matMul(a: number, b: number, options: { readonly transposeA?: boolean; readonly transposeB?: boolean } = {}): number {
    return this.builder.add('BatchMatMul', [a, b], { transposeA: options.transposeA ?? false, transposeB: options.transposeB ?? false });
  }

  reshape(input: number, shape: Shape): number {
    return this.builder.add('Reshape', [input], { shape });
  }

  broadcastTo(input: number, shape: Shape): number {
    return this.builder.add('BroadcastTo', [input], { shape });
  }

  transpose(input: number, perm: readonly number[]): number {
    return this.builder.add('Transpose', [input], { perm });
  }

  slice(input: number, begin: readonly number[], size: Shape): number {
    return this.builder.add('Slice', [input], { begin, size });
  }

  concat(inputs: readonly number[], axis: number): number {
    return this.builder.add('Concat', inputs, { axis });
  }

  /** Surrounds a value by zeros, [before, after] along each axis. */
  pad(input: number, paddings: readonly (readonly number[])[]): number {
    return this.builder.add('PadV2', [input], { paddings, value: 0 });
  }

  /** Zeros of a given type, never stored. */
  zeros(shape: Shape, dtype: DType): number {
    return this.broadcastTo(this.builder.constant(0, dtype), shape);
  }

  /** Transpose of broadcasting: brings a value to a shape that broadcasts to or from its own, summing over repeated axes. */
  reduceTo(input: number, shape: Shape): number {
    const from = this.shapeOf(input);
    if (sameShape(from, shape)) return input;
    const lead = from.length - shape.length;
    const repeated = from.map((_, axis) => axis).filter((axis) => axis < lead || (shape[axis - lead] === 1 && from[axis] !== 1));
    return this.reshape(this.sum(input, repeated), shape);
  }
}
