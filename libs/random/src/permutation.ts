/**
 * Uniform permutations: Fisher and Yates (Durstenfeld 1964), with draws that are unbiased because words that would favour small
 * remainders are rejected. Philox counter words: [position, attempt, 0, domain].
 */
import { RandomnessError } from './errors.ts';
import { domain, philox, type RandomKey } from './philox.ts';

const words = 2 ** 32;

/**
 * A uniform permutation of 0 .. n - 1, a pure function of the key; the caller owns it. O(n).
 * @throws {RandomnessError} when n is not a whole number from 0 to 2^31 - 1
 */
export function permutation(key: RandomKey, n: number): Int32Array {
  if (!Number.isInteger(n) || n < 0 || n >= 2 ** 31)
    throw new RandomnessError('permutation', 'a length that is a whole number from 0 to 2^31 - 1', String(n));
  const order = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  const block = new Uint32Array(4);
  for (let i = n - 1; i > 0; i--) {
    const j = drawBelow(key, i, block);
    const chosen = order[j];
    order[j] = order[i];
    order[i] = chosen;
  }
  return order;
}

/** A uniform integer in [0, position]; each rejected block of four words moves on to the next attempt. */
function drawBelow(key: RandomKey, position: number, block: Uint32Array): number {
  const choices = position + 1;
  const limit = words - (words % choices);
  for (let attempt = 0; ; attempt++) {
    block[0] = position;
    block[1] = attempt;
    block[2] = 0;
    block[3] = domain.permutation;
    philox(key, block);
    for (let i = 0; i < block.length; i++) if (block[i] < limit) return block[i] % choices;
  }
}
