/**
 * The randomness of the simulation: mulberry32, a small seeded generator. One generator drives a schedule; the data come from
 * generators keyed by what they describe, so that no schedule can change them.
 */

/** Draws numbers in [0, 1). */
export type Draw = () => number;

/** A generator that is a pure function of its seed. */
export function seeded(seed: number): Draw {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An element drawn uniformly; undefined from an empty list. */
export function pick<T>(draw: Draw, list: readonly T[]): T | undefined {
  return list[Math.floor(draw() * list.length)];
}
