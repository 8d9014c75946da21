/** Symmetric positive definite matrices and Kronecker factors from a seed. */
import type { KroneckerFactors } from '@geodesic/natural-gradient';
import { numbers } from '../fixtures.ts';

/** X X^T / n + shift I; symmetric to the bit. `rank` columns of X, default n. */
export function randomSpd(
  seed: number,
  n: number,
  { shift = 0.1, rank = n }: { readonly shift?: number; readonly rank?: number } = {},
): Float64Array {
  const x = numbers(seed, n * rank);
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let k = 0; k < rank; k++) sum += x[i * rank + k] * x[j * rank + k];
    return sum / n + (i === j ? shift : 0);
  });
}

/** Factors A (x) S with A [rows, rows] and S [columns, columns], both positive definite. */
export function randomFactors(seed: number, rows: number, columns: number): KroneckerFactors {
  return { rows, columns, input: randomSpd(seed, rows), output: randomSpd(seed + 1000, columns) };
}
