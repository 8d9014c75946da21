/**
 * What computes: a backend takes matrices whose sizes have been checked and answers with new arrays. Row-major throughout.
 * Everything but `symmetricEigen` and `qr` is fixed to the bit by the formulas in docs below (one sum in ascending k, no fused
 * multiply-add), so that `plain` and `wasm` agree exactly; LAPACK keeps its own order.
 */

/** Dimensions of op(a) [m, k] times op(b) [k, n]. */
export interface MatmulOptions {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** a is stored as its transpose [k, m]; default false. */
  readonly transposeA?: boolean;
  /** b is stored as its transpose [n, k]; default false. */
  readonly transposeB?: boolean;
}

/** Eigenvalues [n] ascending; orthonormal eigenvectors as the columns of `vectors` [n, n], each up to its sign. */
export interface SymmetricEigen {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

/** a = q r with orthonormal columns in q [m, min(m, n)] and upper triangular r [min(m, n), n], whose diagonal is never negative. */
export interface ThinQr {
  readonly q: Float64Array;
  readonly r: Float64Array;
}

/** Right-hand sides [n, columns] and which triangle is meant. */
export interface TriangularOptions {
  readonly columns: number;
  /** Solve with l^T instead of l; default false. */
  readonly transpose?: boolean;
}

/** The places that linear algebra can run at; `auto` is `wasm` where it exists, `plain` for small sizes and elsewhere. */
export type BackendName = 'auto' | 'plain' | 'wasm' | 'lapack';

/** What a result's bits depend on beside the input. */
export type LinalgFingerprint = Readonly<Record<string, string | number>>;

/** The operations, without checks of their arguments. */
export interface Backend {
  readonly name: BackendName;
  readonly fingerprint: LinalgFingerprint;
  matmul(a: Float64Array, b: Float64Array, options: MatmulOptions): Float64Array;
  /** l_ij = (a_ij - sum over k < j of l_ik l_jk) / l_jj. `operation` names who asks, for errors. @throws {NotPositiveDefiniteError} */
  cholesky(operation: string, a: Float64Array, n: number): Float64Array;
  /** Chains b_i - l_ik x_k, k ascending (descending with `transpose`), over l_ii. */
  triangularSolve(l: Float64Array, n: number, b: Float64Array, options: TriangularOptions): Float64Array;
  /** With T = l^-1, sums of t_ki t_kj in ascending k. @throws {NotPositiveDefiniteError} */
  spdInverse(a: Float64Array, n: number): Float64Array;
  /** The same with every operation rounded to float32. @throws {NotPositiveDefiniteError} */
  spdInverse32(a: Float32Array, n: number): Float32Array;
  /** Entries are finite. */
  symmetricEigen(a: Float64Array, n: number): SymmetricEigen;
  /** Entries are finite. */
  qr(a: Float64Array, m: number, n: number): ThinQr;
}
