/**
 * Eigendecomposition A = V diag(w) V^T of a symmetric matrix: Householder tridiagonalisation, then the implicit QL iteration
 * (Golub and Van Loan, Matrix Computations, 8.3). float64, row-major; V is kept transposed while it is built, so rows stay contiguous.
 */
import { ConvergenceError } from './errors.ts';
import { checkSize, transpose } from './matrix.ts';

/** Eigenvalues ascending, and eigenvectors as the columns of a row-major matrix. */
export interface SymmetricEigen {
  /** [n] */
  readonly values: Float64Array;
  /** [n, n] */
  readonly vectors: Float64Array;
}

const sweepLimit = 60;

/** Decomposes the symmetric a [n, n]. O(n^3). @throws {ConvergenceError} when the iteration does not converge */
export function symmetricEigen(a: ArrayLike<number>, n: number): SymmetricEigen {
  checkSize('symmetricEigen', a, n * n);
  const { diagonal, offDiagonal, basis } = tridiagonalise(Float64Array.from(a), n);
  diagonaliseTridiagonal(diagonal, offDiagonal, basis, n);
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => diagonal[i] - diagonal[j]);
  const rows = new Float64Array(n * n);
  order.forEach((from, to) => rows.set(basis.subarray(from * n, (from + 1) * n), to * n));
  return { values: Float64Array.from(order, (i) => diagonal[i]), vectors: transpose(rows, n, n) };
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** offDiagonal[i] couples i and i + 1. */
  readonly offDiagonal: Float64Array;
  /** Q^T with A = Q T Q^T. */
  readonly basis: Float64Array;
}

/** Householder reflections from the first column on; the reflectors stay in the rows of `work` until the basis is built. */
function tridiagonalise(work: Float64Array, n: number): Tridiagonal {
  const offDiagonal = new Float64Array(n);
  const scales = new Float64Array(n);
  for (let k = 0; k + 2 < n; k++) {
    const { alpha, scale } = reflector(work, n, k);
    offDiagonal[k] = alpha;
    scales[k] = scale;
    if (scale !== 0) reflectBothSides(work, n, k, scale);
  }
  if (n > 1) offDiagonal[n - 2] = work[(n - 2) * n + n - 1];
  const diagonal = Float64Array.from({ length: n }, (_, i) => work[i * n + i]);
  const basis = new Float64Array(n * n);
  for (let i = 0; i < n; i++) basis[i * n + i] = 1;
  for (let k = n - 3; k >= 0; k--) {
    if (scales[k] === 0) continue;
    const v = work.subarray(k * n, (k + 1) * n);
    for (let i = k + 1; i < n; i++) {
      const row = basis.subarray(i * n, (i + 1) * n);
      let dot = 0;
      for (let j = k + 1; j < n; j++) dot += row[j] * v[j];
      dot *= scales[k];
      for (let j = k + 1; j < n; j++) row[j] -= dot * v[j];
    }
  }
  return { diagonal, offDiagonal, basis };
}

/** Turns row k beyond the diagonal into v with (I - scale v v^T) row = alpha e_1; scale 0 where the row is zero already. */
function reflector(work: Float64Array, n: number, k: number): { alpha: number; scale: number } {
  const row = work.subarray(k * n, (k + 1) * n);
  let tail = 0;
  for (let j = k + 2; j < n; j++) tail += row[j] * row[j];
  const head = row[k + 1];
  if (tail === 0) return { alpha: head, scale: 0 };
  const norm = Math.sqrt(tail + head * head);
  const alpha = head > 0 ? -norm : norm;
  row[k + 1] = head - alpha;
  return { alpha, scale: 2 / (tail + row[k + 1] * row[k + 1]) };
}

/** A <- H A H on the trailing block, by the symmetric rank-2 update A - v w^T - w v^T; the upper triangle is kept. */
function reflectBothSides(work: Float64Array, n: number, k: number, scale: number): void {
  const v = work.subarray(k * n, (k + 1) * n);
  const w = new Float64Array(n);
  for (let i = k + 1; i < n; i++) {
    const row = i * n;
    let sum = work[row + i] * v[i];
    for (let j = i + 1; j < n; j++) {
      sum += work[row + j] * v[j];
      w[j] += work[row + j] * v[i];
    }
    w[i] += sum;
  }
  let overlap = 0;
  for (let i = k + 1; i < n; i++) {
    w[i] *= scale;
    overlap += w[i] * v[i];
  }
  for (let i = k + 1; i < n; i++) w[i] -= 0.5 * scale * overlap * v[i];
  for (let i = k + 1; i < n; i++) {
    const row = i * n;
    for (let j = i; j < n; j++) work[row + j] -= v[i] * w[j] + w[i] * v[j];
  }
}

/** Implicit QL with Wilkinson shifts; rotates the rows of `basis` along. */
function diagonaliseTridiagonal(d: Float64Array, e: Float64Array, basis: Float64Array, n: number): void {
  for (let low = 0; low < n; low++) {
    for (let sweep = 0; ; sweep++) {
      const end = splitPoint(d, e, low, n);
      if (end === low) break;
      if (sweep === sweepLimit) throw new ConvergenceError('symmetricEigen', sweepLimit);
      chase({ d, e, basis, n }, low, end);
    }
  }
}

/** The first index from `low` on whose coupling to the next is negligible. */
function splitPoint(d: Float64Array, e: Float64Array, low: number, n: number): number {
  for (let m = low; m < n - 1; m++) if (Math.abs(e[m]) <= Number.EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1]))) return m;
  return n - 1;
}

/** One QL sweep over the unreduced block low .. end. */
function chase(t: { d: Float64Array; e: Float64Array; basis: Float64Array; n: number }, low: number, end: number): void {
  const { d, e, basis, n } = t;
  const half = (d[low + 1] - d[low]) / (2 * e[low]);
  let g = d[end] - d[low] + e[low] / (half + Math.sign(half || 1) * Math.hypot(half, 1));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let i = end - 1; i >= low; i--) {
    const f = sine * e[i];
    const b = cosine * e[i];
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] -= shift;
      e[end] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    g = d[i + 1] - shift;
    const s = (d[i] - g) * sine + 2 * cosine * b;
    shift = sine * s;
    d[i + 1] = g + shift;
    g = cosine * s - b;
    rotateRows(basis, n, i, { sine, cosine });
  }
  d[low] -= shift;
  e[low] = g;
  e[end] = 0;
}

function rotateRows(basis: Float64Array, n: number, i: number, by: { sine: number; cosine: number }): void {
  const { sine, cosine } = by;
  for (let k = i * n; k < (i + 1) * n; k++) {
    const [x, y] = [basis[k], basis[k + n]];
    basis[k + n] = sine * x + cosine * y;
    basis[k] = cosine * x - sine * y;
  }
}
