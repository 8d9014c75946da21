/**
 * LU linear (Kingma and Dhariwal 2018, section 3.2): y = x W^T with W = P L (U + diag(sgn e^s)), L unit lower and U strictly upper
 * triangular, P a fixed permutation and sgn fixed signs: never singular, log |det W| = sum s, inverted by two triangular solves.
 * The parameter `<name>.factors` [d, d] holds all three, as LAPACK's packed factors do: L below, U above, s on the diagonal.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Initializer } from '@geodesic/engine';
import { ModelError, type Tensors } from '@geodesic/nn';
import { blockTriangularSolve } from './block-triangular-solve.ts';
import type { ChartMap } from './chart-map.ts';
import { columns, requirePermutation, requireSize } from './coordinate-parts.ts';
import { inversePermutation } from './permutation.ts';

/** Size and fixed parts of an LU linear map. */
export interface LuLinearOptions {
  readonly name: string;
  /** d */
  readonly width: number;
  /** Row k of P picks coordinate permutation[k]; default the identity. */
  readonly permutation?: readonly number[];
  /** sgn, each 1 or -1; default all 1. */
  readonly signs?: readonly number[];
  /** First values of the packed factors; default zeros, where W is the signed permutation. */
  readonly initializer?: Initializer;
}

/**
 * Describes an LU linear map. Forward two products, O(B d^2); the inverse two solves of d steps, one after the other.
 * @throws {ModelError} when the permutation or the signs do not fit
 */
export function luLinear(options: LuLinearOptions): ChartMap {
  const { name, width, initializer = { kind: 'constant', value: 0 } } = options;
  requireSize(name, 'width', width);
  const perm = options.permutation ?? Array.from({ length: width }, (_, k) => k);
  const signs = options.signs ?? perm.map(() => 1);
  requirePermutation(name, perm);
  if (perm.length !== width) throw new ModelError(name, `a permutation of ${width} coordinates`, `${perm.length} entries`);
  if (signs.length !== width || signs.some((sign) => Math.abs(sign) !== 1))
    throw new ModelError(name, `${width} signs of 1 or -1`, `[${signs.join(', ')}]`);
  const back = inversePermutation(perm);
  const packed = `${name}.factors`;
  const product = (t: Tensors, x: tf.Tensor): tf.Tensor => {
    const { lower, upper } = factorsOf(t[packed], signs);
    return columns(tf.matMul(tf.matMul(x, upper, false, true), lower, false, true), perm);
  };
  return {
    inputs: width,
    outputs: width,
    isometry: false,
    parameters: [{ name: packed, shape: [width, width], initializer }],
    layers: [],
    forward: (t, x) => ({ value: product(t, x), logDet: logDetOf(t[packed]) }),
    inverse: (t, y) => {
      const { lower, upper } = factorsOf(t[packed], signs);
      const moved = blockTriangularSolve(lower, tf.transpose(columns(y, back)));
      const x = blockTriangularSolve(tf.transpose(upper), moved, { transpose: true });
      return { value: tf.transpose(x), logDet: tf.neg(logDetOf(t[packed])) };
    },
    pushForward: (t, x, v) => ({ value: product(t, x), tangent: product(t, v) }),
  };
}

/** L with its unit diagonal, and U + diag(sgn e^s), both [d, d]. */
function factorsOf(packed: tf.Tensor, signs: readonly number[]): { lower: tf.Tensor; upper: tf.Tensor } {
  const d = signs.length;
  const below = tf.tensor2d(
    signs.flatMap((_, i) => signs.map((__, j) => Number(i > j))),
    [d, d],
  );
  const diagonal = tf.mul(tf.tensor1d([...signs]), tf.exp(diagonalOf(packed)));
  return {
    lower: tf.add(tf.mul(packed, below), tf.eye(d)),
    upper: tf.add(tf.mul(packed, tf.transpose(below)), tf.mul(tf.eye(d), diagonal)),
  };
}

/** s [d]. */
function diagonalOf(packed: tf.Tensor): tf.Tensor {
  return tf.sum(tf.mul(packed, tf.eye(packed.shape[0])), 1);
}

function logDetOf(packed: tf.Tensor): tf.Tensor {
  return tf.sum(diagonalOf(packed));
}
