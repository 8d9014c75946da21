/**
 * The spectral decomposition of a symmetric matrix, A = V diag(values) V^T: Householder reduction to A = Q T Q^T, then implicit QL on T,
 * whose rotations turn Q into V.
 */
import type { SymmetricEigen } from '../backend.ts';
import { applyRotations } from './apply-rotations.ts';
import { implicitQl } from './implicit-ql.ts';
import { tridiagonalize } from './tridiagonalize.ts';

/** All eigenvalues and eigenvectors of a [n, n], whose lower triangle is read. About 4.5 n^3 operations. */
export function symmetricEigen(a: Float64Array, n: number): SymmetricEigen {
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
