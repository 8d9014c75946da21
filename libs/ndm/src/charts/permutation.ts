/**
 * Permutation of coordinates, y_k = x_perm(k): an isometry without parameters. Between couplings it decides which coordinates meet.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { unitVolume, withoutParameters, type ChartMap } from './chart-map.ts';
import { columns, requirePermutation } from './coordinate-parts.ts';

/** The inverse permutation: `inversePermutation(perm)[perm[k]] = k`. */
export function inversePermutation(perm: readonly number[]): number[] {
  const inverse = Array<number>(perm.length);
  perm.forEach((place, k) => (inverse[place] = k));
  return inverse;
}

/** Describes the permutation y_k = x_perm(k). @throws {ModelError} unless `perm` has 0 ... d - 1, each once */
export function permutation(perm: readonly number[]): ChartMap {
  requirePermutation('permutation', perm);
  const back = inversePermutation(perm);
  const pick = (x: tf.Tensor): tf.Tensor => columns(x, perm);
  return {
    ...withoutParameters(perm.length),
    forward: (_, x) => unitVolume(pick(x)),
    inverse: (_, y) => unitVolume(columns(y, back)),
    pushForward: (_, x, v) => ({ value: pick(x), tangent: pick(v) }),
  };
}
