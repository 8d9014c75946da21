/**
 * Uniform permutations: Fisher and Yates with unbiased draws.
 */
import { KeyError } from './errors.ts';
import { philox, type RandomKey } from './philox.ts';

/** A uniform permutation of 0 .. n - 1, a pure function of the key. @throws {KeyError} when n is not a count below 2^31 */
export function permutation(key: RandomKey, n: number): Int32Array {
  if (!Number.isInteger(n) || n < 0 || n >= 2 ** 31) throw new KeyError('permutation', 'a length from 0 to 2^31 - 1', String(n));
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = below(key, i, i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** A uniform integer in [0, bound): words that would favour small remainders are rejected, each with the next counter. */
function below(key: RandomKey, draw: number, bound: number): number {
  const limit = 2 ** 32 - (2 ** 32 % bound);
  for (let attempt = 0; ; attempt++) {
    const block = Uint32Array.of(draw, attempt, 0, 0);
    philox(key, block);
    const word = block.find((candidate) => candidate < limit);
    if (word !== undefined) return word % bound;
  }
}
