/** The signs of a QR factorisation are free: here the diagonal of r is never negative, so that a full-rank matrix has one only. */
import type { ThinQr } from './backend.ts';

/** Turns, in place, the rows of r [min(m, n), n] whose diagonal is negative and q's columns [m, min(m, n)]; clears r below its diagonal. */
export function withPositiveDiagonal(q: Float64Array, r: Float64Array, { m, n }: { readonly m: number; readonly n: number }): ThinQr {
  const rank = Math.min(m, n);
  const signs = Float64Array.from({ length: rank }, (_, i) => (r[i * (n + 1)] < 0 ? -1 : 1));
  for (let i = 0; i < rank; i++) {
    r.fill(0, i * n, i * n + i);
    if (signs[i] < 0) for (let j = i * n + i; j < (i + 1) * n; j++) r[j] = -r[j];
  }
  for (let i = 0; i < m; i++) for (let j = 0; j < rank; j++) q[i * rank + j] *= signs[j];
  return { q, r };
}
