/**
 * The change that a combination stands for, delta = alpha D + mu M, formed from numbers that everyone holds and in one fixed order of
 * roundings, so that coordinator and workers get the same bits (exactness.md 8).
 */
import { linearCombination } from '@geodesic/tensor';
import type { Precision } from '../natural-group.ts';
import type { Combination, FloatArray } from '../rounds.ts';

/** A vector in the precision of the run: a copy, or a rounded one. */
export function roundedTo(precision: Precision, values: ArrayLike<number>): FloatArray {
  return precision === 'float32' ? new Float32Array(values) : new Float64Array(values);
}

/** delta_i = fround(fround(alpha D_i) + fround(mu M_i)) in float32, alpha D_i + mu M_i in float64; as a new array. O(P) */
export function combine({ direction, alpha, mu }: Combination, previous: FloatArray, precision: Precision): FloatArray {
  if (precision === 'float32') return linearCombination(alpha, asFloat32(direction), mu, asFloat32(previous));
  const delta = new Float64Array(direction.length);
  for (let i = 0; i < delta.length; i++) delta[i] = alpha * direction[i] + mu * previous[i];
  return delta;
}

function asFloat32(vector: FloatArray): Float32Array {
  return vector instanceof Float32Array ? vector : new Float32Array(vector);
}

/** theta + delta, rounded as the commit rounds it. */
export function movedBy(parameters: FloatArray, delta: FloatArray, precision: Precision): FloatArray {
  const moved = roundedTo(precision, parameters);
  for (let i = 0; i < moved.length; i++) moved[i] += delta[i];
  return moved;
}
