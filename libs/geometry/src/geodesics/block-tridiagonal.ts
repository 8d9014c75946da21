/**
 * Symmetric positive definite block-tridiagonal systems, by block Cholesky (Thomas): what Newton's method on a discrete path solves.
 *   S_0 = D_0,  S_k = D_k - C_k S_(k-1)^-1 C_k^T,   C_k the block left of D_k
 * Legend: n blocks of size d; D_k [d, d] diagonal, C_k [d, d] below the diagonal (row k, column k - 1), k from 1.
 * Source: Golub and Van Loan, 4.5.
 */
import { cholesky, choleskySolve, matmul } from '@geodesic/linalg';
import { MetricError, requireLength } from '../errors.ts';

/** The blocks of a symmetric matrix [n d, n d]: n on the diagonal, n - 1 below it. */
export interface BlockTridiagonal {
  readonly size: number;
  readonly diagonal: readonly Float64Array[];
  readonly below: readonly Float64Array[];
}

/**
 * Solves the system for b [n d], a new array. O(n d^3).
 * @throws {NotPositiveDefiniteError} when the matrix is not positive definite
 * @throws {MetricError} when a length is wrong
 */
export function solveBlockTridiagonal({ size: d, diagonal, below }: BlockTridiagonal, b: Float64Array): Float64Array {
  const n = diagonal.length;
  requireLength('solveBlockTridiagonal', 'b', b, n * d, `[${n}, ${d}]`);
  if (below.length !== Math.max(0, n - 1))
    throw new MetricError('solveBlockTridiagonal', 'below', `${Math.max(0, n - 1)} blocks`, `${below.length}`);
  const roots: Float64Array[] = [];
  const solution = b.slice();
  const row = (k: number): Float64Array => solution.subarray(k * d, (k + 1) * d);
  for (let k = 0; k < n; k++) {
    let schur = diagonal[k];
    if (k > 0) {
      const left = below[k - 1];
      const solved = choleskySolve(roots[k - 1], d, transpose(left, d), d);
      const product = matmul(left, solved, { m: d, k: d, n: d });
      schur = schur.map((entry, at) => entry - product[at]);
      subtract(row(k), matmul(left, choleskySolve(roots[k - 1], d, row(k - 1), 1), { m: d, k: d, n: 1 }));
    }
    roots.push(cholesky(schur, d));
  }
  for (let k = n - 1; k >= 0; k--) {
    if (k < n - 1) subtract(row(k), matmul(below[k], row(k + 1), { m: d, k: d, n: 1, transposeA: true }));
    row(k).set(choleskySolve(roots[k], d, row(k), 1));
  }
  return solution;
}

function transpose(a: Float64Array, d: number): Float64Array {
  return a.map((_, at) => a[(at % d) * d + Math.floor(at / d)]);
}

function subtract(target: Float64Array, term: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] -= term[i];
}
