/**
 * Coordinates taken by index and put back: what couplings, permutations and splits share. Indices are places among the d columns of
 * x [B, d]; they are fixed when a chart is described, so that a graph holds slices and gathers of constants.
 */
import * as tf from '@tensorflow/tfjs-core';
import { ModelError } from '@geodesic/nn';

/** Columns of x by index; a slice where they are consecutive, since that costs no gather. */
export function columns(x: tf.Tensor, indices: readonly number[]): tf.Tensor {
  if (indices.every((index, i) => index === indices[0] + i)) return tf.slice(x, [0, indices[0]], [x.shape[0], indices.length]);
  return tf.gather(x, tf.tensor1d([...indices], 'int32'), 1);
}

/** Puts the columns of two parts back in their places. */
export function merge(a: tf.Tensor, aIndices: readonly number[], b: tf.Tensor, bIndices: readonly number[]): tf.Tensor {
  const order = [...aIndices, ...bIndices];
  const joined = tf.concat([a, b], 1);
  if (order.every((index, i) => index === i)) return joined;
  if ([...bIndices, ...aIndices].every((index, i) => index === i)) return tf.concat([b, a], 1);
  const places = order.map((_, column) => order.indexOf(column));
  return tf.gather(joined, tf.tensor1d(places, 'int32'), 1);
}

/** @throws {ModelError} unless `indices` are 0 ... d - 1, each once, in any order, with d >= 1 */
export function requirePermutation(name: string, indices: readonly number[]): void {
  const known = new Set(indices.filter((index) => Number.isInteger(index) && index >= 0 && index < indices.length));
  if (indices.length > 0 && known.size === indices.length) return;
  throw new ModelError(name, `the indices 0 ... ${Math.max(indices.length, 1) - 1}, each once`, `[${indices.join(', ')}]`);
}

/** The parts of a coupling. @throws {ModelError} unless both have coordinates and together they have each once */
export function requireParts(name: string, { kept, moved }: { readonly kept: readonly number[]; readonly moved: readonly number[] }): void {
  if (kept.length === 0 || moved.length === 0)
    throw new ModelError(name, 'kept and moved coordinates', `${kept.length} kept, ${moved.length} moved`);
  requirePermutation(name, [...kept, ...moved]);
}

/** @throws {ModelError} unless a size is a whole number of at least 1 */
export function requireSize(name: string, what: string, size: number): void {
  if (!Number.isInteger(size) || size < 1) throw new ModelError(name, `${what}: a whole number of at least 1`, String(size));
}
