/**
 * Uniform and normal numbers at a counter: entry i of the output depends on (key, counter, i) only, never on what was drawn before
 * or on how long the output is. The counter, for example the ordinal of an example in a step, is a whole number below 2^53.
 * Philox counter words: [block of four entries, 0, counter mod 2^32, counter / 2^32].
 */
import { RandomnessError } from './errors.ts';
import { philox, type RandomKey } from './philox.ts';

const wordsPerBlock = 4;

/**
 * Fills `out` with uniform numbers in (0, 1): odd multiples of 2^-24, exact in float32, never 0 or 1.
 * @throws {RandomnessError} when the counter is not a whole number from 0 to 2^53 - 1
 */
export function fillUniform(key: RandomKey, counter: number, out: Float32Array | Float64Array): void {
  forEachBlock('fillUniform', { key, counter, count: out.length }, (words, first, length) => {
    for (let i = 0; i < length; i++) out[first + i] = ((words[i] >>> 9) + 0.5) * 2 ** -23;
  });
}

/**
 * Fills `out` with standard normal numbers, two from each pair of words (Box and Muller 1958); |z| < 6.77.
 * Logarithm, sine and cosine are the JavaScript engine's: the same engine version gives the same bits.
 * @throws {RandomnessError} when the counter is not a whole number from 0 to 2^53 - 1
 */
export function fillNormal(key: RandomKey, counter: number, out: Float32Array | Float64Array): void {
  forEachBlock('fillNormal', { key, counter, count: out.length }, (words, first, length) => {
    for (let i = 0; i < length; i += 2) {
      const radius = Math.sqrt(-2 * Math.log((words[i] + 0.5) * 2 ** -32));
      const angle = 2 * Math.PI * ((words[i + 1] + 0.5) * 2 ** -32);
      out[first + i] = radius * Math.cos(angle);
      if (i + 1 < length) out[first + i + 1] = radius * Math.sin(angle);
    }
  });
}

interface Draw {
  readonly key: RandomKey;
  readonly counter: number;
  readonly count: number;
}

/** Calls `use` with four random words for every four entries; the last call may ask for fewer. */
function forEachBlock(
  operation: string,
  { key, counter, count }: Draw,
  use: (words: Uint32Array, first: number, length: number) => void,
): void {
  if (!Number.isSafeInteger(counter) || counter < 0)
    throw new RandomnessError(operation, 'a counter that is a whole number from 0 to 2^53 - 1', String(counter));
  const words = new Uint32Array(wordsPerBlock);
  for (let first = 0; first < count; first += wordsPerBlock) {
    words[0] = first / wordsPerBlock;
    words[1] = 0;
    words[2] = counter; // modulo 2^32
    words[3] = Math.floor(counter / 2 ** 32);
    philox(key, words);
    use(words, first, Math.min(wordsPerBlock, count - first));
  }
}
