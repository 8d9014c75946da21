/**
 * Philox-4x32-10: four 32-bit random words as a pure function of a 128-bit counter and a 64-bit key.
 * Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011); tested against the vectors of Random123.
 *
 * The counter's last word is this library's `domain`: keys that are derived, numbers that are drawn and permutations read
 * disjoint counters, so that one key may safely serve all three.
 */

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;
const rounds = 10;

/** A 64-bit key as two unsigned 32-bit words. */
export interface RandomKey {
  readonly hi: number;
  readonly lo: number;
}

/** Last counter word by use; drawn numbers keep the high bits of their counter (below 2^21) there. */
export const domain = { derivation: 0xffffffff, permutation: 0xfffffffe } as const;

/**
 * Replaces the four words of `block` (the counter, least significant word first) by the random words of that counter.
 * The key's low word is the generator's first key word. Allocates nothing.
 */
export function philox(key: RandomKey, block: Uint32Array): void {
  let c0 = block[0] | 0;
  let c1 = block[1] | 0;
  let c2 = block[2] | 0;
  let c3 = block[3] | 0;
  let k0 = key.lo | 0;
  let k1 = key.hi | 0;
  for (let round = 0; round < rounds; round++) {
    const high0 = multiplyHigh(multiplier0, c0);
    const high1 = multiplyHigh(multiplier1, c2);
    const low0 = Math.imul(multiplier0, c0);
    const low1 = Math.imul(multiplier1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + weyl0) | 0;
    k1 = (k1 + weyl1) | 0;
  }
  block[0] = c0;
  block[1] = c1;
  block[2] = c2;
  block[3] = c3;
}

/** High 32 bits of the 64-bit product of two 32-bit integers, read as unsigned; by 16-bit halves. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  // A product of halves leaves room for one carry below 2^16: (2^16 - 1)^2 + 2^16 - 1 < 2^32.
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const low = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (low >>> 16)) | 0;
}
