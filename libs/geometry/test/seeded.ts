/** Seeded random numbers of these tests: a small generator (mulberry32), normals by Box and Muller. */

/** A stream of uniform numbers in (0, 1) from a whole seed. */
export function uniforms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return (((z ^ (z >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
}

/** Draws of vectors [length] of standard normals from a whole seed. */
export function normals(seed: number): (length: number) => Float64Array {
  const next = uniforms(seed);
  return (length) => Float64Array.from({ length }, () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next()));
}
