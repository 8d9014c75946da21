/**
 * Householder reduction of a symmetric matrix to tridiagonal form, A = Q T Q^T (Golub and Van Loan, 4th ed., section 8.3.1).
 * It starts at the last row, as tred2 of EISPACK does: what is left to reduce is then a leading block, of which the lower triangle
 * suffices, and every inner loop runs along a row.
 */
import { reflectorOf, type Reflector } from './reflector.ts';

/** T by its diagonal [n] and the entries beside it [n - 1]; the orthogonal Q [n, n], whose columns are the new basis. */
export interface Tridiagonal {
  readonly diagonal: Float64Array;
  readonly beside: Float64Array;
  readonly basis: Float64Array;
}

/** Reduces a [n, n], whose lower triangle is read. O(4/3 n^3) multiply-adds for T and Q together. */
export function tridiagonalize(a: Float64Array, n: number): Tridiagonal {
  const work = a.slice();
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(Math.max(0, n - 1));
  const reflectors: Reflector[] = [];
  for (let k = n - 1; k >= 0; k--) {
    diagonal[k] = work[k * (n + 1)];
    if (k === 0) break;
    const { reflector, component } = reflectorOf(work.slice(k * n, k * n + k));
    beside[k - 1] = component;
    if (!reflector) continue;
    reflectBothSides(work, n, reflector);
    reflectors.push(reflector);
  }
  return { diagonal, beside, basis: productOf(reflectors.reverse(), n) };
}

/** A <- H A H on the leading block: A - v w^T - w v^T with p = scale A v and w = p - (scale / 2)(p . v) v; lower triangle only. */
function reflectBothSides(a: Float64Array, n: number, { v, scale }: Reflector): void {
  const size = v.length;
  const w = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const row = i * n;
    const vi = v[i];
    let sum = a[row + i] * vi;
    for (let j = 0; j < i; j++) {
      sum += a[row + j] * v[j];
      w[j] += a[row + j] * vi;
    }
    w[i] += sum;
  }
  let along = 0;
  for (let i = 0; i < size; i++) along += w[i] * v[i];
  for (let i = 0; i < size; i++) w[i] = scale * (w[i] - (scale / 2) * along * v[i]);
  for (let i = 0; i < size; i++) {
    const row = i * n;
    const vi = v[i];
    const wi = w[i];
    for (let j = 0; j <= i; j++) a[row + j] -= vi * w[j] + wi * v[j];
  }
}

/** The product of the reflections, the largest leftmost. Built from the smallest on: beyond its block the product is the identity. */
function productOf(ascending: readonly Reflector[], n: number): Float64Array {
  const q = new Float64Array(n * n);
  for (let i = 0; i < n; i++) q[i * (n + 1)] = 1;
  for (const { v, scale } of ascending) {
    const size = v.length;
    const projection = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const row = i * n;
      const factor = scale * v[i];
      for (let j = 0; j < size; j++) projection[j] += factor * q[row + j];
    }
    for (let i = 0; i < size; i++) {
      const row = i * n;
      const vi = v[i];
      for (let j = 0; j < size; j++) q[row + j] -= vi * projection[j];
    }
  }
  return q;
}
