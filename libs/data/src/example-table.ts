/**
 * A data set as its source hands it over: all examples in one table, and which of them train and which test.
 */
import { createHash } from 'node:crypto';
import type { Shape } from '@geodesic/tensor';
import { DataError } from './errors.ts';

/** N examples of I features. */
export interface ExampleTable {
  /** `sha256:` of the raw bytes. */
  readonly digest: string;
  /** 0 where examples have none. */
  readonly classes: number;
  readonly featureShape: Shape;
  /** [N, I] row-major; a feature is its value over the divisor, rounded to float32. */
  readonly values: Uint8Array | Float32Array;
  readonly divisor: number;
  /** [N], each below `classes`; zeros where there are none. */
  readonly labels: Uint8Array;
  /** Indices of the training examples, ascending. */
  readonly training: Int32Array;
  /** Indices of the test examples, ascending. */
  readonly test: Int32Array;
}

/** `sha256:<hex>` over the bytes of the parts, one after the other. */
export function digestOf(...parts: readonly (Uint8Array | Float32Array)[]): string {
  const hash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of parts) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return `sha256:${hash.digest('hex')}`;
}

/** The whole numbers from `start` to `end` - 1. */
export function range(start: number, end: number): Int32Array {
  const out = new Int32Array(end - start);
  for (let i = 0; i < out.length; i++) out[i] = start + i;
  return out;
}

/** Refuses what is not a whole number in a range. @throws {DataError} */
export function requireInteger(
  operation: string,
  values: Readonly<Record<string, number>>,
  [least, most]: readonly [number, number],
): void {
  for (const [name, value] of Object.entries(values)) {
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    const expected = `${name} to be an integer from ${least} to ${most}`;
    throw new DataError(operation, { expected, got: String(value), hint: 'see the data section of the run spec' });
  }
}
