/** Seeded numbers for tests: mulberry32, a small generator. Data come from generators that are keyed by what they describe. */

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
