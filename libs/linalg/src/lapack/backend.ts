/**
 * The backend on LAPACK. A row-major matrix is its own transpose by columns, so a lower triangle here is an upper one there, and a
 * product a b is asked for as b^T a^T. Workspaces are sized by LAPACK's formulas, not by its queries: a query answers in the
 * matrix's type, and float32 cannot hold the answer for large orders.
 */
import type { Backend, MatmulOptions, SymmetricEigen, ThinQr, TriangularOptions } from '../backend.ts';
import { ConvergenceError, NotPositiveDefiniteError } from '../errors.ts';
import { transpose } from '../matrix.ts';
import { withPositiveDiagonal } from '../signed-qr.ts';
import type { LapackLibrary, Routine } from './library.ts';

const [text, int, float64, float32] = ['const char *', 'int *', 'double *', 'float *'];
/** Columns of a block in dgelqf and dorglq, for their workspaces. */
const blockColumns = 64;

/** The routines of one library. */
export function openLapackBackend(library: LapackLibrary): Backend {
  const { name, version } = library;
  const operations = new LapackOperations(library);
  return {
    name: 'lapack',
    fingerprint: { linalg: 'lapack', library: name, version, threads: 1 },
    matmul: (a, b, options) => operations.matmul(a, b, options),
    cholesky: (operation, a, n) => operations.cholesky(operation, a, n),
    triangularSolve: (l, n, b, options) => operations.triangularSolve(l, n, b, options),
    spdInverse: (a, n) => operations.spdInverse(a, n),
    spdInverse32: (a, n) => operations.spdInverse32(a, n),
    symmetricEigen: (a, n) => operations.symmetricEigen(a, n),
    qr: (a, m, n) => operations.qr(a, m, n),
  };
}

class LapackOperations {
  readonly #gemm: Routine;
  readonly #solve: Routine;
  readonly #factor: Routine;
  readonly #invert: Routine;
  readonly #factor32: Routine;
  readonly #invert32: Routine;
  readonly #eigen: Routine;
  readonly #reduce: Routine;
  readonly #basis: Routine;

  constructor({ routine }: LapackLibrary) {
    this.#gemm = routine('dgemm_', [text, text, int, int, int, float64, float64, int, float64, int, float64, float64, int]);
    this.#solve = routine('dtrsm_', [text, text, text, text, int, int, float64, float64, int, float64, int]);
    this.#factor = routine('dpotrf_', [text, int, float64, int, int]);
    this.#invert = routine('dpotri_', [text, int, float64, int, int]);
    this.#factor32 = routine('spotrf_', [text, int, float32, int, int]);
    this.#invert32 = routine('spotri_', [text, int, float32, int, int]);
    this.#eigen = routine('dsyevd_', [text, text, int, float64, int, float64, float64, int, int, int, int]);
    this.#reduce = routine('dgelqf_', [int, int, float64, int, float64, float64, int, int]);
    this.#basis = routine('dorglq_', [int, int, int, float64, int, float64, float64, int, int]);
  }

  matmul(a: Float64Array, b: Float64Array, { m, k, n, transposeA = false, transposeB = false }: MatmulOptions): Float64Array {
    const product = new Float64Array(m * n);
    if (product.length === 0 || k === 0) return product;
    const [how, other] = [transposeB ? 'T' : 'N', transposeA ? 'T' : 'N'];
    const [ldb, lda] = [transposeB ? k : n, transposeA ? m : k];
    this.#gemm(how, other, one(n), one(m), one(k), real(1), b, one(ldb), a, one(lda), real(0), product, one(n));
    return product;
  }

  cholesky(operation: string, a: Float64Array, n: number): Float64Array {
    const l = a.slice();
    factor(this.#factor, operation, l, n);
    for (let i = 0; i < n; i++) l.fill(0, i * n + i + 1, (i + 1) * n);
    return l;
  }

  triangularSolve(
    l: Float64Array,
    n: number,
    b: Float64Array,
    { columns, transpose: transposed = false }: TriangularOptions,
  ): Float64Array {
    const x = b.slice();
    if (x.length > 0) this.#solve('R', 'U', transposed ? 'T' : 'N', 'N', one(columns), one(n), real(1), l, one(n), x, one(columns));
    return x;
  }

  spdInverse(a: Float64Array, n: number): Float64Array {
    const inverse = a.slice();
    factor(this.#factor, 'spdInverse', inverse, n);
    return invert(this.#invert, inverse, n);
  }

  spdInverse32(a: Float32Array, n: number): Float32Array {
    const inverse = a.slice();
    factor(this.#factor32, 'spdInverse32', inverse, n);
    return invert(this.#invert32, inverse, n);
  }

  symmetricEigen(a: Float64Array, n: number): SymmetricEigen {
    const [rows, values] = [a.slice(), new Float64Array(n)];
    if (n === 0) return { values, vectors: rows };
    const work = new Float64Array(1 + 6 * n + 2 * n * n);
    const integers = new Int32Array(3 + 5 * n);
    const info = one(0);
    this.#eigen('V', 'U', one(n), rows, one(n), values, work, one(work.length), integers, one(integers.length), info);
    if (info[0] !== 0) throw new ConvergenceError('symmetricEigen', info[0]);
    return { values, vectors: transpose(rows, n, n) };
  }

  /** By columns a is its transpose, whose LQ factors are the transposes of q and r. */
  qr(a: Float64Array, m: number, n: number): ThinQr {
    const rank = Math.min(m, n);
    if (rank === 0) return { q: new Float64Array(0), r: new Float64Array(0) };
    const factors = a.slice();
    const [tau, work] = [new Float64Array(rank), new Float64Array(blockColumns * Math.max(m, n))];
    this.#reduce(one(n), one(m), factors, one(n), tau, work, one(work.length), one(0));
    const r = factors.slice(0, rank * n);
    this.#basis(one(rank), one(m), one(rank), factors, one(n), tau, work, one(work.length), one(0));
    const q = new Float64Array(m * rank);
    for (let i = 0; i < m; i++) q.set(factors.subarray(i * n, i * n + rank), i * rank);
    return withPositiveDiagonal(q, r, { m, n });
  }
}

/** Factors the lower triangle in place. Some libraries let NaN through, so the diagonal is looked at too. */
function factor(routine: Routine, operation: string, a: Float64Array | Float32Array, n: number): void {
  if (n === 0) return;
  const info = one(0);
  routine('U', one(n), a, one(n), info);
  let broken = info[0] - 1;
  for (let i = 0; broken < 0 && i < n; i++) if (!(a[i * (n + 1)] > 0 && a[i * (n + 1)] < Infinity)) broken = i;
  if (broken >= 0) throw new NotPositiveDefiniteError(operation, broken, a[broken * (n + 1)]);
}

/** From the factor in the lower triangle to the inverse, both triangles. */
function invert<T extends Float64Array | Float32Array>(routine: Routine, a: T, n: number): T {
  if (n > 0) routine('U', one(n), a, one(n), one(0));
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a[j * n + i] = a[i * n + j];
  return a;
}

function one(value: number): Int32Array {
  return Int32Array.of(value);
}

function real(value: number): Float64Array {
  return Float64Array.of(value);
}
