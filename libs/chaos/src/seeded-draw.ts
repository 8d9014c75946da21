/**
 * All randomness of this library: mulberry32, a small seeded generator, and keys that make one seed many independent streams. The same
 * seed and key give the same numbers on every machine, so that whatever failed can be seen again.
 */

/** Draws numbers in [0, 1). */
export type Draw = () => number;

/** A generator that is a pure function of its seed, an integer (32 bits of it count). */
export function seeded(seed: number): Draw {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A seed for what these integers name: every one of them changes it (a MurmurHash3 round for each). */
export function seedOf(...keys: readonly number[]): number {
  let hash = 0x2545f491;
  for (const key of keys) {
    let k = Math.imul(key | 0, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    hash ^= k;
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** An integer in [0, bound). */
export function below(draw: Draw, bound: number): number {
  return Math.floor(draw() * bound);
}

/** An element drawn uniformly; undefined from an empty list. */
export function pick<T>(draw: Draw, list: readonly T[]): T | undefined {
  return list[below(draw, list.length)];
}

/** A waiting time of a Poisson process with this mean, in its unit. */
export function exponential(draw: Draw, mean: number): number {
  return -Math.log(1 - draw()) * mean;
}
