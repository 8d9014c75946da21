/**
 * Dropout (Srivastava et al. 2014), inverted: entries are zeroed with probability `rate` and the rest divided by 1 - rate, so that the
 * expectation stays. The mask is a pure function of a random input, which is keyed by run seed, step and example: the same on every
 * worker. Identity in evaluation.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { RandomInput } from '@geodesic/engine';
import { sizeOf, type Shape } from '@geodesic/tensor';
import { ModelError } from '../errors.ts';
import { emptyTables, type Layer } from '../layer.ts';

/** Rate and shape of a dropout. */
export interface DropoutOptions {
  readonly name: string;
  /** Probability that an entry is dropped, in [0, 1). */
  readonly rate: number;
  /** Shape of one example's mask; an axis of size 1 shares it along that axis (e.g. [1, 1, C] drops whole channels). */
  readonly shape: Shape;
}

/** Describes a dropout; its random input is `uniform:<name>` [B, entries of `shape`]. @throws {ModelError} for a rate outside [0, 1) */
export function dropout(options: DropoutOptions): Layer {
  const { name, rate, shape } = options;
  if (!(rate >= 0 && rate < 1)) throw new ModelError(name, 'a rate in [0, 1)', String(rate));
  if (rate === 0) return { ...emptyTables, apply: (_, x) => x };
  const uniform: RandomInput = { name: `uniform:${name}`, purpose: `dropout/${name}`, distribution: 'uniform', width: sizeOf(shape) };
  return {
    ...emptyTables,
    random: [uniform],
    apply: (tensors, x, { training = false } = {}) => {
      if (!training) return x;
      const drawn = tensors[uniform.name];
      if (drawn === undefined) throw new ModelError(name, `the random input ${uniform.name} while training`, 'none (it is in `random`)');
      const kept = tf.greaterEqual(tf.reshape(drawn, [-1, ...shape]), rate);
      return tf.mul(x, tf.div(tf.cast(kept, 'float32'), 1 - rate));
    },
  };
}
