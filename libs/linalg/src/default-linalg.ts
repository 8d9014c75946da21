/**
 * The module-level functions: linear algebra on the backend `auto`, opened at the first use. Their contracts are those of Linalg.
 */
import type { MatmulOptions, SymmetricEigen, ThinQr, TriangularOptions } from './backend.ts';
import { createLinalg, type Linalg } from './linalg.ts';
import { requireMatrix } from './require-matrix.ts';

let opened: Linalg | undefined;

/** Linear algebra on the backend `auto`, one for each thread; what the functions of this module use, with its fingerprint. */
export function defaultLinalg(): Linalg {
  return (opened ??= createLinalg());
}

/** The product op(a) op(b) [m, n], a new array; each entry is one sum in ascending k. @throws {ShapeError} when a length is wrong */
export function matmul(a: Float64Array, b: Float64Array, options: MatmulOptions): Float64Array {
  return defaultLinalg().matmul(a, b, options);
}

/** The lower factor L [n, n] of a = L L^T, a new array; reads the lower triangle. @throws {ShapeError | NotPositiveDefiniteError} */
export function cholesky(a: Float64Array, n: number): Float64Array {
  return defaultLinalg().cholesky(a, n);
}

/** Solves L L^T X = B for X [n, columns], a new array. @throws {ShapeError} when a length is wrong */
export function choleskySolve(l: Float64Array, n: number, b: Float64Array, columns: number): Float64Array {
  return defaultLinalg().choleskySolve(l, n, b, columns);
}

/** Solves L X = B or L^T X = B for X [n, columns], a new array. @throws {ShapeError} when a length is wrong */
export function triangularSolve(l: Float64Array, n: number, b: Float64Array, options: TriangularOptions): Float64Array {
  return defaultLinalg().triangularSolve(l, n, b, options);
}

/** The inverse [n, n] of a, exactly symmetric, a new array; reads the lower triangle. @throws {ShapeError | NotPositiveDefiniteError} */
export function spdInverse(a: Float64Array, n: number): Float64Array {
  return defaultLinalg().spdInverse(a, n);
}

/** Eigenvalues ascending and orthonormal eigenvectors of a [n, n]; reads the lower triangle. @throws {ShapeError | NotFiniteError} */
export function symmetricEigen(a: Float64Array, n: number): SymmetricEigen {
  return defaultLinalg().symmetricEigen(a, n);
}

/** a [m, n] = q r, q [m, min(m, n)] orthonormal, r upper triangular with no negative diagonal. @throws {ShapeError | NotFiniteError} */
export function qr(a: Float64Array, m: number, n: number): ThinQr {
  return defaultLinalg().qr(a, m, n);
}

/** The natural logarithm of det(L L^T) = 2 sum ln l_ii. @throws {ShapeError} when l is not [n, n] */
export function logDetFromCholesky(l: Float64Array, n: number): number {
  requireMatrix('logDetFromCholesky', 'l', l, [n, n]);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.log(l[i * (n + 1)]);
  return 2 * sum;
}
