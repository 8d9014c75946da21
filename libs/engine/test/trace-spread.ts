/**
 * Values for comparisons with eager tfjs.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { Inputs, Operand } from './trace-fixtures.ts';

/** A function of tfjs, its inputs, and what to call them. */
export type TraceCase = readonly [name: string, inputs: Inputs, fn: (x: Record<string, tf.Tensor>) => tf.Tensor | tf.Tensor[]];

/** Four times the golden ratio's conjugate: its multiples modulo 4 are spread as evenly as can be. */
const STEP = 2 * (Math.sqrt(5) - 1);

/** Numbers without pattern or ties: multiples of the golden ratio, modulo 4, in [-2, 2). */
export function spread(shape: readonly number[], offset = 0): Operand {
  const size = shape.reduce((product, n) => product * n, 1);
  return { shape, values: Array.from({ length: size }, (_, i) => (((i + offset) * STEP) % 4) - 2) };
}

/** Whole numbers. */
export function whole(shape: readonly number[], values: readonly number[]): Operand {
  return { shape, dtype: 'int32', values };
}
