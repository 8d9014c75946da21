/**
 * What a kernel is: the type of its result, its value in float64, and its derivatives written in kernels: backwards (VJP)
 * and forwards (JVP). The set is closed under both, so derivatives of any order and any mix are graphs again. Kernels stand in `kernels/`, one family a file;
 * their ONNX emission stands in `onnx/`.
 */
import type { Shape } from '@geodesic/tensor';
import { KernelError } from './errors.ts';
import type { Expressions } from './expressions.ts';
import { describeType, isFloat, type AttributeValue, type Attributes, type ValueType } from './graph.ts';

/** The inferred type of a node, with its attributes in canonical form. */
export interface Inferred extends ValueType {
  readonly attributes: Attributes;
}

/** A value of the reference interpreter: every dtype is held in doubles (bool as 0 and 1). */
export interface Operand extends ValueType {
  readonly data: Float64Array;
}

/** What a derivative rule sees: value ids of the node at hand and the cotangent of its output. */
export interface Derivation {
  readonly inputs: readonly number[];
  readonly output: number;
  /** Cotangent, of the output's type. */
  readonly cotangent: number;
  readonly attributes: Attributes;
}

/** Makes the cotangent of one input, of that input's type; undefined where it is zero everywhere. */
export type Pullback = (() => number) | undefined;

/** What a tangent rule sees: value ids of the node at hand and the tangents of its inputs. */
export interface Linearization {
  readonly inputs: readonly number[];
  readonly output: number;
  /** Tangent of each input, of its type; undefined where it is zero. At least one is given. */
  readonly tangents: readonly (number | undefined)[];
  readonly attributes: Attributes;
}

/** One operation of the closed set. */
export interface Kernel {
  readonly name: string;
  /** Number of inputs; undefined: at least one. */
  readonly arity: number | undefined;
  /** Checks inputs and attributes. @throws {KernelError} naming what is wrong */
  infer(inputs: readonly ValueType[], attributes: Attributes): Inferred;
  /** The value in float64, row-major, a fresh array. */
  evaluate(inputs: readonly Operand[], node: Inferred): Float64Array;
  /** Vector-Jacobian product: one pullback an input, called only for inputs that need a cotangent. */
  vjp(x: Expressions, at: Derivation): readonly Pullback[];
  /**
   * Jacobian-vector product: the tangent of the output, of its type or of a shape that broadcasts to it; undefined where it
   * is zero everywhere. Only float inputs have tangents.
   */
  jvp(x: Expressions, at: Linearization): number | undefined;
  /** An elementwise kernel with numpy broadcasting of all its inputs. */
  readonly elementwise?: true;
  /** a op b = b op a, bit for bit. */
  readonly commutative?: true;
}

/** Reads an integer attribute. @throws {KernelError} when it is missing, not an integer, or outside [from, to) */
export function integerAttribute(
  kernel: string,
  attributes: Attributes,
  name: string,
  from: number = -Infinity,
  to: number = Infinity,
): number {
  const value = attributes[name];
  if (typeof value === 'number' && Number.isInteger(value) && value >= from && value < to) return value;
  const range = from === -Infinity && to === Infinity ? '' : ` in [${from}, ${to})`;
  throw new KernelError(kernel, `attribute ${name}: an integer${range}`, show(value));
}

/** Reads an axis, which may count from the end, as a non-negative number. @throws {KernelError} */
export function axisAttribute(kernel: string, attributes: Attributes, rank: number): number {
  const axis = integerAttribute(kernel, attributes, 'axis', -rank, rank);
  return axis < 0 ? axis + rank : axis;
}

/** Reads a list of integers. @throws {KernelError} when it is not one, or not of the length asked */
export function integersAttribute(kernel: string, attributes: Attributes, name: string, length?: number): readonly number[] {
  const value = attributes[name];
  const integers = Array.isArray(value) && value.every((entry) => Number.isInteger(entry));
  if (integers && (length === undefined || value.length === length)) return value as number[];
  throw new KernelError(kernel, `attribute ${name}: ${length ?? 'a list of'} integers`, show(value));
}

/** Reads a boolean, false when absent. @throws {KernelError} when it is something else */
export function flagAttribute(kernel: string, attributes: Attributes, name: string): boolean {
  const value = attributes[name] ?? false;
  if (typeof value === 'boolean') return value;
  throw new KernelError(kernel, `attribute ${name}: a boolean`, show(value));
}

/** Checks that an input is float32 or float64. @throws {KernelError} */
export function requireFloat(kernel: string, input: ValueType): void {
  if (!isFloat(input.dtype)) throw new KernelError(kernel, 'a float input', `${describeType(input)} (cast it first)`);
}

/** Checks that an input has at least this rank. @throws {KernelError} */
export function requireRank(kernel: string, input: ValueType, atLeast: number): void {
  if (input.shape.length < atLeast) throw new KernelError(kernel, `an input of rank ${atLeast} or more`, describeType(input));
}

/** Checks that all inputs have one dtype. @throws {KernelError} */
export function requireSameDtype(kernel: string, inputs: readonly ValueType[]): void {
  const odd = inputs.find((input) => input.dtype !== inputs[0].dtype);
  if (odd) throw new KernelError(kernel, `inputs of one dtype (${inputs[0].dtype})`, `${describeType(odd)} (cast it first)`);
}

/** Checks that a shape has positive integer sizes. @throws {KernelError} */
export function requireShape(kernel: string, shape: Shape): void {
  if (!shape.every((size) => Number.isInteger(size) && size > 0))
    throw new KernelError(kernel, 'a shape of positive sizes', `[${shape.join(',')}]`);
}

function show(value: AttributeValue | undefined): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}
