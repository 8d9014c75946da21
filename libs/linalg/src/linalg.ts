/**
 * Dense linear algebra on a chosen backend: float64, row-major, inputs untouched, results in new arrays that the caller owns.
 */
import { openAutomaticBackend } from './automatic-backend.ts';
import type { Backend, BackendName, LinalgFingerprint, MatmulOptions, SymmetricEigen, ThinQr, TriangularOptions } from './backend.ts';
import { NotFiniteError } from './errors.ts';
import { plainBackend } from './plain/backend.ts';
import { requireMatrix } from './require-matrix.ts';
import { openWasmBackend } from './wasm/backend.ts';

/** Operations on dense matrices. All throw a ShapeError when an array does not have the entries that the sizes promise. */
export interface Linalg {
  readonly backend: BackendName;
  /** What the bits of results depend on beside the input; for the `solve` part of a run's numeric fingerprint. */
  readonly fingerprint: LinalgFingerprint;
  /** The product op(a) op(b) [m, n]. O(m k n). */
  matmul(a: Float64Array, b: Float64Array, options: MatmulOptions): Float64Array;
  /**
   * The lower factor L [n, n] of a = L L^T, zeros above the diagonal. Reads the lower triangle of a only. O(n^3 / 6) multiply-adds.
   * @throws {NotPositiveDefiniteError} when a pivot is not positive and finite
   */
  cholesky(a: Float64Array, n: number): Float64Array;
  /** Solves L L^T X = B for X [n, columns]. O(n^2 columns). */
  choleskySolve(l: Float64Array, n: number, b: Float64Array, columns: number): Float64Array;
  /** Solves L X = B, or L^T X = B, for X [n, columns]; l is lower triangular and what stands above its diagonal is not read. */
  triangularSolve(l: Float64Array, n: number, b: Float64Array, options: TriangularOptions): Float64Array;
  /**
   * The inverse [n, n] of a, exactly symmetric. Reads the lower triangle of a only. O(n^3 / 2) multiply-adds.
   * @throws {NotPositiveDefiniteError} when a pivot is not positive and finite
   */
  spdInverse(a: Float64Array, n: number): Float64Array;
  /** The same in float32 throughout. @throws {NotPositiveDefiniteError} when a pivot is not positive and finite */
  spdInverse32(a: Float32Array, n: number): Float32Array;
  /**
   * All eigenvalues and eigenvectors of a [n, n]. Reads the lower triangle of a only.
   * Backward stable: errors are of the order of 1e-16 n ||A||.
   * @throws {NotFiniteError} when a holds NaN or infinity
   */
  symmetricEigen(a: Float64Array, n: number): SymmetricEigen;
  /** a [m, n] = q [m, min(m, n)] r [min(m, n), n], the diagonal of r never negative. @throws {NotFiniteError} when a holds NaN or infinity */
  qr(a: Float64Array, m: number, n: number): ThinQr;
}

/** Which backend; default `auto`. LAPACK is opened by `openLapack` of @geodesic/linalg/lapack. */
export interface LinalgOptions {
  readonly backend?: Exclude<BackendName, 'lapack'>;
}

/** Linear algebra on a backend. @throws {Error} when `wasm` is asked for and this JavaScript has no WebAssembly with SIMD */
export function createLinalg({ backend = 'auto' }: LinalgOptions = {}): Linalg {
  return linalgOn(open(backend));
}

function open(name: Exclude<BackendName, 'lapack'>): Backend {
  switch (name) {
    case 'auto':
      return openAutomaticBackend();
    case 'plain':
      return plainBackend;
    case 'wasm':
      return openWasmBackend();
  }
}

/** A backend with its arguments checked. */
export function linalgOn(backend: Backend): Linalg {
  return {
    backend: backend.name,
    fingerprint: backend.fingerprint,
    matmul(a, b, options) {
      const { m, k, n, transposeA = false, transposeB = false } = options;
      requireMatrix('matmul', 'a', a, transposeA ? [k, m] : [m, k]);
      requireMatrix('matmul', 'b', b, transposeB ? [n, k] : [k, n]);
      return backend.matmul(a, b, options);
    },
    cholesky(a, n) {
      requireMatrix('cholesky', 'a', a, [n, n]);
      return backend.cholesky('cholesky', a, n);
    },
    choleskySolve(l, n, b, columns) {
      requireMatrix('choleskySolve', 'l', l, [n, n]);
      requireMatrix('choleskySolve', 'b', b, [n, columns]);
      return backend.triangularSolve(l, n, backend.triangularSolve(l, n, b, { columns }), { columns, transpose: true });
    },
    triangularSolve(l, n, b, options) {
      requireMatrix('triangularSolve', 'l', l, [n, n]);
      requireMatrix('triangularSolve', 'b', b, [n, options.columns]);
      return backend.triangularSolve(l, n, b, options);
    },
    spdInverse(a, n) {
      requireMatrix('spdInverse', 'a', a, [n, n]);
      return backend.spdInverse(a, n);
    },
    spdInverse32(a, n) {
      requireMatrix('spdInverse32', 'a', a, [n, n]);
      return backend.spdInverse32(a, n);
    },
    symmetricEigen(a, n) {
      requireMatrix('symmetricEigen', 'a', a, [n, n]);
      requireFinite('symmetricEigen', a, n);
      return backend.symmetricEigen(a, n);
    },
    qr(a, m, n) {
      requireMatrix('qr', 'a', a, [m, n]);
      requireFinite('qr', a, n);
      return backend.qr(a, m, n);
    },
  };
}

/** Looks for the entry only when there is one: x - x is NaN unless x is finite, and so is the sum. Four sums hide an addition's latency. */
function requireFinite(operation: string, a: Float64Array, columns: number): void {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const whole = a.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    s0 += a[at] - a[at];
    s1 += a[at + 1] - a[at + 1];
    s2 += a[at + 2] - a[at + 2];
    s3 += a[at + 3] - a[at + 3];
  }
  for (let at = whole; at < a.length; at++) s0 += a[at] - a[at];
  if (s0 + s1 + s2 + s3 === 0) return;
  for (let at = 0; at < a.length; at++)
    if (!Number.isFinite(a[at])) throw new NotFiniteError(operation, [Math.floor(at / columns), at % columns], a[at]);
}
