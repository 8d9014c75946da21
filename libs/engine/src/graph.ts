/**
 * The graph: a program in single static assignment form with static shapes. A node makes one value, so a value's id is its
 * node's index, and inputs always refer to earlier nodes. Graphs are plain immutable data: they are digested, sent and
 * cached; {@link GraphBuilder} makes them, executors run them.
 */
import type { DType, Shape } from '@geodesic/tensor';

/** What an attribute may hold; JSON without null and objects. */
export type AttributeValue = string | number | boolean | readonly AttributeValue[];

/** The attributes of a node, canonical: axes are non-negative, defaults are written out. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** Shape and dtype of a value. */
export interface ValueType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** One operation and the type of the value that it makes. */
export interface GraphNode extends ValueType {
  /** Name in the kernel registry, e.g. `BatchMatMul`. */
  readonly kernel: string;
  /** Ids of earlier nodes. */
  readonly inputs: readonly number[];
  readonly attributes: Attributes;
}

/** A named value of a graph's interface. */
export interface NamedValue {
  readonly name: string;
  readonly id: number;
}

/** A program. Every input is used; every node leads to an output. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly inputs: readonly NamedValue[];
  readonly outputs: readonly NamedValue[];
}

/** Writes a type for messages, e.g. `float32[64,10]`. */
export function describeType(type: ValueType): string {
  return `${type.dtype}[${type.shape.join(',')}]`;
}

/** Whether values of this dtype carry gradients. */
export function isFloat(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float64';
}
