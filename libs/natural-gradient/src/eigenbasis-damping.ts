/**
 * Exact Tikhonov damping of a Kronecker product: with A = Q_A diag(a) Q_A^T and S = Q_S diag(s) Q_S^T the damped curvature
 * A (x) S + lambda I is diagonal in the basis Q_A (x) Q_S, so (A (x) S + lambda I) vec(U) = vec(V) is solved by
 *   U = Q_A [(Q_A^T V Q_S) / (a s^T + lambda)] Q_S^T.
 * The reference for the factored damping, and the ground on which EK-FAC stands. Cost: two eigendecompositions.
 */
import { matmul, symmetricEigen } from '@geodesic/linalg';
import type { KroneckerFactors } from './kronecker-factor.ts';

/**
 * Solves (A (x) S + damping I) vec(U) = vec(V) for U [rows, columns].
 * Eigenvalues that rounding made negative count as zero, so the result is finite for every damping > 0.
 */
export function solveExactlyDamped(factors: KroneckerFactors, v: Float64Array, damping: number): Float64Array {
  const { rows, columns } = factors;
  const a = symmetricEigen(factors.input, rows);
  const s = symmetricEigen(factors.output, columns);
  const rotated = matmul(matmul(a.vectors, v, { m: rows, k: rows, n: columns, transposeA: true }), s.vectors, {
    m: rows,
    k: columns,
    n: columns,
  });
  for (let i = 0; i < rows; i++) {
    for (let o = 0; o < columns; o++) {
      rotated[i * columns + o] /= Math.max(0, a.values[i]) * Math.max(0, s.values[o]) + damping;
    }
  }
  const back = matmul(a.vectors, rotated, { m: rows, k: rows, n: columns });
  return matmul(back, s.vectors, { m: rows, k: columns, n: columns, transposeB: true });
}
