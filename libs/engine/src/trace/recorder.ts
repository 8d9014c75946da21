/**
 * The vocabulary in which tfjs kernels are lowered: values on a {@link GraphBuilder} with lazy broadcasting. A value's node
 * may be smaller than the value (a splat constant is a scalar node, a bias stays a row) as long as it broadcasts to it;
 * elementwise kernels take such nodes as they are, all others take them through {@link Recorder.full}.
 */
import { broadcastShapes, sameShape, sizeOf, type DType, type NumericArray, type Shape } from '@geodesic/tensor';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Attributes } from '../graph.ts';
import { requireEntries } from './refusals.ts';

/** A recorded tensor: `shape` is what tfjs sees; the node's own shape broadcasts to it. */
export interface Value {
  readonly id: number;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Node of the imaginary part of a complex value; `id` is the real part's. */
  readonly imaginary?: number;
}

/** Hears of the numbers that a trace takes as constants. */
export type ConstantListener = (values: ArrayLike<number>) => void;

/** Records kernels of the engine's core on a builder. */
export class Recorder {
  readonly builder: GraphBuilder;
  readonly #onConstant: ConstantListener | undefined;

  /** @param onConstant told of every constant, in the order in which they are made */
  constructor(builder: GraphBuilder, onConstant?: ConstantListener) {
    this.builder = builder;
    this.#onConstant = onConstant;
  }

  /** A constant filled with one number; the graph holds a scalar. */
  constant(value: number, dtype: DType = 'float32', shape: Shape = []): Value {
    this.#onConstant?.([value]);
    return { id: this.builder.constant(value, dtype), shape, dtype };
  }

  /** A constant of any values; equal values become one scalar. @throws {TraceError} when there are none */
  data(values: ArrayLike<number>, dtype: DType, shape: Shape): Value {
    requireEntries('tensor', shape);
    this.#onConstant?.(values);
    if (!allEqual(values)) return { id: this.builder.constant({ dtype, shape, data: values as NumericArray }), shape, dtype };
    return this.constant(values instanceof Float32Array ? literal(values[0]) : values[0], dtype, shape);
  }

  /** A kernel on materialised inputs. */
  kernel(name: string, inputs: readonly Value[], attributes?: Attributes): Value {
    return this.#wrap(
      this.builder.add(
        name,
        inputs.map((input) => this.full(input)),
        attributes,
      ),
    );
  }

  /** An elementwise kernel with numpy broadcasting; numbers are constants of the first value's dtype. */
  elementwise(name: string, ...operands: readonly (Value | number)[]): Value {
    const dtype = operands.find((operand) => typeof operand !== 'number')?.dtype;
    const inputs = operands.map((operand) => (typeof operand === 'number' ? this.constant(operand, dtype) : operand));
    const id = this.builder.add(
      name,
      inputs.map((input) => input.id),
    );
    const shape = inputs.map((input) => input.shape).reduce((a, b) => broadcastShapes(a, b));
    return { id, shape, dtype: this.builder.dtypeOf(id) };
  }

  /** Converts the dtype; to bool as "is not zero". */
  cast(x: Value, dtype: DType): Value {
    if (x.dtype === dtype) return x;
    if (dtype === 'bool') return this.elementwise('NotEqual', x, 0);
    return { id: this.builder.add('Cast', [x.id], { dtype }), shape: x.shape, dtype };
  }

  /** The same values in another shape of the same size; free for splats. */
  reshape(x: Value, shape: Shape): Value {
    if (sameShape(x.shape, shape)) return x;
    if (sizeOf(this.builder.shapeOf(x.id)) === 1) return { ...x, id: this.#nodeOfShape(x.id, []), shape };
    return { ...x, id: this.#nodeOfShape(this.full(x), shape), shape };
  }

  /** Repeats axes of size 1, and adds axes in front, without writing anything. */
  broadcast(x: Value, shape: Shape): Value {
    return { ...x, shape };
  }

  /** The block of `size` from `begin`; free for splats. */
  slice(x: Value, begin: readonly number[], size: Shape): Value {
    if (sameShape(x.shape, size)) return x;
    if (this.isSplat(x)) return { ...x, shape: size };
    return this.kernel('Slice', [x], { begin, size });
  }

  /** Joins values along an axis. */
  concat(values: readonly Value[], axis: number): Value {
    return values.length === 1 ? values[0] : this.kernel('Concat', values, { axis });
  }

  /** Whether one number fills the value. */
  isSplat(x: Value): boolean {
    return this.builder.shapeOf(x.id).length === 0;
  }

  /** The id of a node of exactly the value's shape. */
  full(x: Value): number {
    return sameShape(this.builder.shapeOf(x.id), x.shape) ? x.id : this.builder.add('BroadcastTo', [x.id], { shape: x.shape });
  }

  #nodeOfShape(id: number, shape: Shape): number {
    return sameShape(this.builder.shapeOf(id), shape) ? id : this.builder.add('Reshape', [id], { shape });
  }

  #wrap(id: number): Value {
    return { id, shape: this.builder.shapeOf(id), dtype: this.builder.dtypeOf(id) };
  }
}

/** Decimals of at most this many digits survive float32 (FLT_DIG of C), so reading them back is exact. */
const FLOAT32_DIGITS = 6;

/**
 * The number a program's author wrote: tfjs rounds every literal to float32, and in a float64 run 0.1 must be 0.1. A float32
 * that is the rounding of a short decimal is read as that decimal; any other is taken as it is.
 */
function literal(value: number): number {
  const decimal = Number(value.toPrecision(FLOAT32_DIGITS));
  return Math.fround(decimal) === value ? decimal : value;
}

function allEqual(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (!Object.is(values[i], values[0])) return false;
  return true;
}
