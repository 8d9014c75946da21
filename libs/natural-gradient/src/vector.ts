/**
 * Elementwise float64 vectors of theta's length, as plain loops: these passes run over every parameter at every step, a callback for
 * each entry costs several times the arithmetic, and so does an array that is made for one pass only.
 */
import type { FloatArray } from './rounds.ts';

/** a / divisor, into `out` [n]. */
export function divideInto(out: Float64Array, a: ArrayLike<number>, divisor: number): void {
  for (let i = 0; i < out.length; i++) out[i] = a[i] / divisor;
}

/** factor a + b */
export function scaledPlus(factor: number, a: FloatArray, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = factor * a[i] + b[i];
  return out;
}

/** sum of a_i b_i, in order. */
export function dot(a: FloatArray, b: FloatArray): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * sum of a_i^2 in four interleaved sums, which the processor adds at the same time: for measurements, not for what decides a step.
 * Not finite if an entry is not finite.
 */
export function squaredNorm(a: FloatArray): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const whole = a.length - (a.length % 4);
  for (let i = 0; i < whole; i += 4) {
    s0 += a[i] * a[i];
    s1 += a[i + 1] * a[i + 1];
    s2 += a[i + 2] * a[i + 2];
    s3 += a[i + 3] * a[i + 3];
  }
  for (let i = whole; i < a.length; i++) s0 += a[i] * a[i];
  return s0 + s1 + (s2 + s3);
}
