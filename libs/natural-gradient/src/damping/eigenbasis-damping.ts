/**
 * Exact Tikhonov damping of a Kronecker product: with A = Q_A diag(a) Q_A^T and S = Q_S diag(s) Q_S^T the damped curvature
 * A (x) S + lambda I is diagonal in the basis Q_A (x) Q_S, so (A (x) S + lambda I) vec(U) = vec(V) is solved by
 *   U = Q_A [(Q_A^T V Q_S) / (a s^T + lambda)] Q_S^T.
 * The ground on which EK-FAC stands, which puts other numbers in the place of a s^T. Cost: two eigendecompositions.
 */
import { defaultLinalg, type Linalg } from '@geodesic/linalg';
import type { KroneckerFactors } from '../curvature/kronecker-factor.ts';

/** An orthonormal basis Q_A (x) Q_S of matrices [rows, columns]; eigenvectors stand in columns. */
export interface KroneckerBasis {
  readonly rows: number;
  readonly columns: number;
  /** Q_A, [rows, rows]; undefined: the identity. */
  readonly input: Float64Array | undefined;
  /** Q_S, [columns, columns]. */
  readonly output: Float64Array;
}

/** A basis in which a product is diagonal, with eigenvalues a [rows] and s [columns]; those that rounding made negative count as zero. */
export interface KroneckerEigen extends KroneckerBasis {
  readonly input: Float64Array;
  readonly inputValues: Float64Array;
  readonly outputValues: Float64Array;
}

/** Decomposes both factors. O(rows^3 + columns^3). */
export function eigenOf({ rows, columns, input, output }: KroneckerFactors, linalg: Linalg = defaultLinalg()): KroneckerEigen {
  const a = linalg.symmetricEigen(input, rows);
  const s = linalg.symmetricEigen(output, columns);
  return { rows, columns, input: a.vectors, output: s.vectors, inputValues: nonNegative(a.values), outputValues: nonNegative(s.values) };
}

/** Q_A^T V Q_S: coordinates [rows, columns] of V in the basis. */
export function intoBasis(
  { rows, columns, input, output }: KroneckerBasis,
  v: Float64Array,
  linalg: Linalg = defaultLinalg(),
): Float64Array {
  const left = input === undefined ? v : linalg.matmul(input, v, { m: rows, k: rows, n: columns, transposeA: true });
  return linalg.matmul(left, output, { m: rows, k: columns, n: columns });
}

/** Q_A X Q_S^T: the matrix [rows, columns] with coordinates X. */
export function fromBasis(
  { rows, columns, input, output }: KroneckerBasis,
  x: Float64Array,
  linalg: Linalg = defaultLinalg(),
): Float64Array {
  const left = input === undefined ? x : linalg.matmul(input, x, { m: rows, k: rows, n: columns });
  return linalg.matmul(left, output, { m: rows, k: columns, n: columns, transposeB: true });
}

/** Solves (Q diag(a s^T) Q^T + damping I) vec(U) = vec(V) for U [rows, columns]; finite for every damping > 0. */
export function solveInEigenbasis(
  eigen: KroneckerEigen,
  v: Float64Array,
  options: { damping: number; linalg?: Linalg | undefined },
): Float64Array {
  const { rows, columns, inputValues: a, outputValues: s } = eigen;
  const rotated = intoBasis(eigen, v, options.linalg);
  for (let i = 0; i < rows; i++) for (let o = 0; o < columns; o++) rotated[i * columns + o] /= a[i] * s[o] + options.damping;
  return fromBasis(eigen, rotated, options.linalg);
}

/**
 * Solves (A (x) S + damping I) vec(U) = vec(V) for U [rows, columns], from scratch.
 * Eigenvalues that rounding made negative count as zero, so the result is finite for every damping > 0.
 */
export function solveExactlyDamped(factors: KroneckerFactors, v: Float64Array, damping: number): Float64Array {
  return solveInEigenbasis(eigenOf(factors), v, { damping });
}

/** Eigenvalues with those that rounding made negative as zero. */
export function nonNegative(values: Float64Array): Float64Array {
  return values.map((value) => Math.max(0, value));
}
