/**
 * The symmetric definite eigenproblem A v = lambda B v, by the Cholesky factor of B: with B = L L^T and L^-1 A L^-T = Q diag(lambda) Q^T the
 * vectors are V = L^-T Q, so that V^T B V = I and V^T A V = diag(lambda). Both matrices are diagonal in one basis, which is orthonormal for B
 * and not for the identity. Errors of lambda are of the order of 1e-16 n ||B^-1|| ||A||: graded pencils keep their small values only where B
 * is well conditioned.
 * Source: Golub and Van Loan, Matrix Computations, 8.7.2 (Cholesky-QR of the pencil).
 */
import type { SymmetricEigen } from './backend.ts';
import { defaultLinalg } from './default-linalg.ts';
import type { Linalg } from './linalg.ts';
import { transpose } from './matrix.ts';
import { requireMatrix } from './require-matrix.ts';

/**
 * Eigenvalues [n] ascending and B-orthonormal eigenvectors (the columns of `vectors` [n, n]) of the pencil (a, b); reads the lower triangles.
 * A Cholesky factor, two triangular solves with n columns and an eigendecomposition: O(n^3), three matrices [n, n] beside the results.
 * @throws {ShapeError} when a or b is not [n, n]
 * @throws {NotPositiveDefiniteError} when b is not positive definite
 * @throws {NotFiniteError} when a holds NaN or infinity
 */
export function generalisedSymmetricEigen(
  a: Float64Array,
  b: Float64Array,
  { n, linalg = defaultLinalg() }: { readonly n: number; readonly linalg?: Linalg },
): SymmetricEigen {
  requireMatrix('generalisedSymmetricEigen', 'a', a, [n, n]);
  requireMatrix('generalisedSymmetricEigen', 'b', b, [n, n]);
  const l = linalg.cholesky(b, n);
  // L^-1 (L^-1 A)^T: A is symmetric, so the transpose of the first solve is A L^-T.
  const half = linalg.triangularSolve(l, n, mirrored(a, n), { columns: n });
  const congruent = linalg.triangularSolve(l, n, transpose(half, n, n), { columns: n });
  const { values, vectors } = linalg.symmetricEigen(congruent, n);
  return { values, vectors: linalg.triangularSolve(l, n, vectors, { columns: n, transpose: true }) };
}

/** The symmetric matrix whose lower triangle is a's. */
function mirrored(a: Float64Array, n: number): Float64Array {
  const result = a.slice();
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) result[j * n + i] = result[i * n + j];
  return result;
}
