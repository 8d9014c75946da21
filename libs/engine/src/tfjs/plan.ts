/**
 * A plan: the calls of tfjs kernels that compute a graph, in order, each making one value. It is plain data, decided before
 * anything runs, so that refusals come at compilation and the plan's digest says what would run.
 */
import { createHash } from 'node:crypto';
import type { NamedValue, ValueType } from '../graph.ts';

/** What a kernel of tfjs takes beside tensors. */
export type KernelAttributes = Readonly<Record<string, unknown>>;

/** Ids of earlier values, by a kernel's names for them; a list for kernels of any number of inputs. */
export type Operands = Readonly<Record<string, number>> | readonly number[];

/** A value that is fed, given, or made by a kernel of tfjs. */
export type Source =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly values: Float64Array }
  | {
      readonly kind: 'call';
      readonly kernel: string;
      readonly inputs: Operands;
      readonly attributes: KernelAttributes;
      /** Which of the kernel's outputs the value is. */
      readonly output: number;
    };

/** One value of a plan. */
export interface Step extends ValueType {
  readonly source: Source;
  /** Id of the graph's node that it was planned for. */
  readonly node: number;
}

/** A planned graph. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly outputs: readonly NamedValue[];
}

/** The same operands with other ids. */
export function mapOperands<T>(operands: Operands, map: (id: number, name: string) => T): Record<string, T> | T[] {
  if (isList(operands)) return operands.map((id, i) => map(id, String(i)));
  return Object.fromEntries(Object.entries(operands).map(([name, id]) => [name, map(id, name)]));
}

function isList(operands: Operands): operands is readonly number[] {
  return Array.isArray(operands);
}

/** Ids of the values that a step reads. */
export function readBy({ source }: Step): readonly number[] {
  return source.kind === 'call' ? Object.values(source.inputs) : [];
}

/** 'sha256:<hex>' of everything in a plan. */
export function planDigest(plan: Plan): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(plan, exactly)).digest('hex')}`;
}

/** A replacer for JSON that tells apart the values which JSON does not, and keeps every bit of constants. */
export function exactly(_key: string, value: unknown): unknown {
  if (value instanceof Float64Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  if (Object.is(value, -0)) return '-0';
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
