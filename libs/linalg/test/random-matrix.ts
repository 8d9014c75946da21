/**
 * Matrices for the tests, from a seed: entries in [-1, 1) by the mulberry32 generator, so that this library's tests need no other library.
 */

/** `size` entries in [-1, 1), a pure function of the seed. */
export function randomMatrix(seed: number, size: number): Float64Array {
  let state = seed | 0;
  return Float64Array.from({ length: size }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}

/** X X^T / n + shift I for a random X [n, n]: symmetric positive definite, well conditioned. */
export function randomSpd(seed: number, n: number, shift = 0.5): Float64Array {
  const x = randomMatrix(seed, n * n);
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let sum = i === j ? shift : 0;
      for (let k = 0; k < n; k++) sum += (x[i * n + k] * x[j * n + k]) / n;
      a[i * n + j] = sum;
    }
  return a;
}
