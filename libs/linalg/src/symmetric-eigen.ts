/**
 * The spectral decomposition of a symmetric matrix, A = V diag(values) V^T: Householder reduction to A = Q T Q^T, then implicit QL on T,
 * whose rotations turn Q into V.
 */
import { applyRotations } from './apply-rotations.ts';
import { NotFiniteError } from './errors.ts';
import { implicitQl } from './implicit-ql.ts';
import { requireMatrix } from './require-matrix.ts';
import { tridiagonalize } from './tridiagonalize.ts';

/** Eigenvalues [n] ascending; orthonormal eigenvectors as the columns of `vectors` [n, n], each up to its sign. */
export interface SymmetricEigen {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

/**
 * All eigenvalues and eigenvectors of a [n, n]; the caller owns the arrays. Reads the lower triangle of a only.
 * Backward stable: errors are of the order of 1e-16 n ||A||. About 4.5 n^3 operations.
 * @throws {ShapeError} when a is not [n, n]
 * @throws {NotFiniteError} when a holds NaN or infinity
 */
export function symmetricEigen(a: Float64Array, n: number): SymmetricEigen {
  requireMatrix('symmetricEigen', 'a', a, [n, n]);
  const odd = a.findIndex((entry) => !Number.isFinite(entry));
  if (odd >= 0) throw new NotFiniteError('symmetricEigen', [Math.floor(odd / n), odd % n], a[odd]);
  const { diagonal, beside, basis } = tridiagonalize(a, n);
  applyRotations(basis, n, implicitQl(diagonal, beside));
  return inAscendingOrder(diagonal, basis, n);
}

function inAscendingOrder(values: Float64Array, columns: Float64Array, n: number): SymmetricEigen {
  const order = Array.from(values.keys()).sort((i, j) => values[i] - values[j]);
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) vectors[i * n + j] = columns[i * n + order[j]];
  return { values: Float64Array.from(order, (i) => values[i]), vectors };
}
