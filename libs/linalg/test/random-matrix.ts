/**
 * Matrices for the tests, from a seed: entries in [-1, 1) by the mulberry32 generator, so that this library's tests need no other library.
 */
import { createLinalg } from '../src/index.ts';

const linalg = createLinalg({ backend: 'plain' });

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
  const a = linalg.matmul(x, x, { m: n, k: n, n, transposeB: true }).map((entry) => entry / n);
  for (let i = 0; i < n; i++) a[i * (n + 1)] += shift;
  return a;
}

/** Q diag(eigenvalues) Q^T for a random orthogonal Q, symmetric to the bit. */
export function withEigenvalues(seed: number, eigenvalues: ArrayLike<number>): Float64Array {
  const n = eigenvalues.length;
  const { q } = linalg.qr(randomMatrix(seed, n * n), n, n);
  const scaled = q.map((entry, at) => entry * eigenvalues[at % n]);
  const a = linalg.matmul(scaled, q, { m: n, k: n, n, transposeB: true });
  return a.map((entry, at) => (entry + a[(at % n) * n + Math.floor(at / n)]) / 2);
}

/** `n` numbers from 1 down to 1 / condition, evenly in the logarithm. */
export function logSpaced(n: number, condition: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => condition ** (n > 1 ? -i / (n - 1) : 0));
}
