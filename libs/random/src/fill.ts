/**
 * Uniform and normal numbers at a counter: entry i of the output depends on (key, counter, i) only, never on what was drawn before.
 * The counter, for example the ordinal of an example in a step, is any integer from 0 to 2^53 - 1.
 */
import { KeyError } from './errors.ts';
import { philox, type RandomKey } from './philox.ts';

const wordsPerBlock = 4;

/** Fills `out` with uniform numbers in (0, 1): odd multiples of 2^-24, exact in float32, never 0 or 1. */
export function fillUniform(key: RandomKey, counter: number, out: Float32Array | Float64Array): void {
  eachBlock(key, counter, out.length, (words, first, length) => {
    for (let i = 0; i < length; i++) out[first + i] = ((words[i] >>> 9) + 0.5) * 2 ** -23;
  });
}

/**
 * Fills `out` with standard normal numbers, two from each pair of words (Box and Muller 1958).
 * The logarithm and the cosine are the engine's: equal JavaScript engines give equal bits.
 */
export function fillNormal(key: RandomKey, counter: number, out: Float32Array | Float64Array): void {
  eachBlock(key, counter, out.length, (words, first, length) => {
    for (let i = 0; i < length; i += 2) {
      const radius = Math.sqrt(-2 * Math.log((words[i] + 0.5) * 2 ** -32));
      const angle = 2 * Math.PI * ((words[i + 1] + 0.5) * 2 ** -32);
      out[first + i] = radius * Math.cos(angle);
      if (i + 1 < length) out[first + i + 1] = radius * Math.sin(angle);
    }
  });
}

/** Calls `use` with four random words for every four entries; the last call may ask for fewer. */
export function eachBlock(
  key: RandomKey,
  counter: number,
  count: number,
  use: (words: Uint32Array, first: number, length: number) => void,
): void {
  if (!Number.isSafeInteger(counter) || counter < 0) throw new KeyError('eachBlock', 'a counter from 0 to 2^53 - 1', String(counter));
  const words = new Uint32Array(wordsPerBlock);
  for (let first = 0; first < count; first += wordsPerBlock) {
    words[0] = first / wordsPerBlock;
    words[1] = 0;
    words[2] = counter;
    words[3] = Math.floor(counter / 2 ** 32);
    philox(key, words);
    use(words, first, Math.min(wordsPerBlock, count - first));
  }
}
