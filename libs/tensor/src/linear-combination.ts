/**
 * a x + b y in float32, in one fixed order of roundings: what several processes, and several parts of one, must form alike to the last bit.
 */
import { ShapeError } from './errors.ts';

/** out[i] = fround(fround(a x[i]) + fround(b y[i])), a new array. O(n) @throws {ShapeError} when the lengths differ */
export function linearCombination(a: number, x: Float32Array, b: number, y: Float32Array): Float32Array<ArrayBuffer> {
  const { length } = x;
  if (y.length !== length) throw new ShapeError('linearCombination: y', `${length} elements`, `${y.length}`);
  const out = new Float32Array(length);
  for (let i = 0; i < length; i++) out[i] = Math.fround(a * x[i]) + Math.fround(b * y[i]);
  return out;
}
