/**
 * Keys by derivation: a seed and a path of purposes, steps, names give a 64-bit key, so that every use of randomness has a stream of
 * its own. The path is absorbed word by word, each word through Philox under the key so far; every part carries a tag and its length,
 * so that ('ab', 'c') and ('a', 'bc'), or 1 and '1', differ.
 */
import { KeyError } from './errors.ts';
import { philox, type RandomKey } from './philox.ts';

const numberTag = 1;
const stringTag = 2;

/**
 * The key of a path. Numbers are absorbed by their float64 bits (0 and -0 as one).
 * @throws {KeyError} when the seed or a number of the path is not finite
 */
export function deriveKey(seed: number, ...path: readonly (string | number)[]): RandomKey {
  let key: RandomKey = { hi: 0, lo: 0 };
  const absorb = (word: number, position: number, tag: number): void => {
    const block = Uint32Array.of(word, position, tag, 0);
    philox(key, block);
    key = { hi: block[1], lo: block[0] };
  };
  const absorbNumber = (value: number): void => {
    if (!Number.isFinite(value)) throw new KeyError('deriveKey', 'finite numbers', String(value));
    const words = new Uint32Array(Float64Array.of(value + 0).buffer);
    words.forEach((word, position) => absorb(word, position, numberTag));
  };
  absorbNumber(seed);
  for (const part of path) {
    if (typeof part === 'number') absorbNumber(part);
    else {
      absorb(part.length, 0, stringTag);
      for (let i = 0; i < part.length; i++) absorb(part.charCodeAt(i), i + 1, stringTag);
    }
  }
  return key;
}
