/**
 * Keys by derivation: a seed and a path of purposes, steps, names give a 64-bit key, so that every use of randomness has a
 * stream of its own.
 *
 * The key starts at 0 and absorbs one 32-bit word at a time: key <- first two words of Philox(key; word, position, tag, domain).
 * A number is absorbed as the two words of its float64 bits, a string as its length followed by its UTF-16 units; the tag tells
 * numbers from strings. No path's words begin with another's parts cut differently: ('ab', 'c') and ('a', 'bc'), 1 and '1' differ.
 * Philox is a bijection of its counter whose output no known statistic tells from random, so two distinct paths collide with
 * probability about 2^-64 (a birthday collision needs some 2^32 paths). This mixes; it is not a cryptographic hash.
 */
import { RandomnessError } from './errors.ts';
import { domain, philox, type RandomKey } from './philox.ts';

const numberTag = 1;
const stringTag = 2;

/**
 * The key of a seed and a path, a pure function of both; 0 and -0 are one number.
 * @throws {RandomnessError} when the seed or a number of the path is not finite
 */
export function deriveKey(seed: number, ...path: readonly (string | number)[]): RandomKey {
  return [seed, ...path].reduce<RandomKey>(absorbPart, { hi: 0, lo: 0 });
}

function absorbPart(key: RandomKey, part: string | number): RandomKey {
  return typeof part === 'number' ? absorbNumber(key, part) : absorbString(key, part);
}

function absorbNumber(key: RandomKey, value: number): RandomKey {
  if (!Number.isFinite(value)) throw new RandomnessError('deriveKey', 'a finite seed and finite numbers in the path', String(value));
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value + 0); // -0 + 0 is 0
  return absorbWord(absorbWord(key, bits.getUint32(4), 0, numberTag), bits.getUint32(0), 1, numberTag);
}

function absorbString(key: RandomKey, text: string): RandomKey {
  let absorbed = absorbWord(key, text.length, 0, stringTag);
  for (let i = 0; i < text.length; i++) absorbed = absorbWord(absorbed, text.charCodeAt(i), i + 1, stringTag);
  return absorbed;
}

function absorbWord(key: RandomKey, word: number, position: number, tag: number): RandomKey {
  const block = Uint32Array.of(word, position, tag, domain.derivation);
  philox(key, block);
  return { hi: block[1], lo: block[0] };
}
