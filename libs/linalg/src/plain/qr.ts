/**
 * QR factorisation by Householder reflections (Golub and Van Loan, 4th ed., algorithm 5.2.1), one column after the other.
 * It works on the transpose, so that every inner loop runs along a row.
 */
import type { ThinQr } from '../backend.ts';
import { identity, transpose } from '../matrix.ts';
import { reflectorOf, type Reflector } from './reflector.ts';

/** a [m, n] = q r, with columns and rows signed so that the diagonal of r is never negative. O(m n min(m, n)). */
export function qr(a: Float64Array, m: number, n: number): ThinQr {
  const rank = Math.min(m, n);
  const columns = transpose(a, m, n);
  const reflectors: (Reflector | undefined)[] = [];
  for (let j = 0; j < rank; j++) {
    const { reflector, component } = reflectorOf(columns.slice(j * m + j, (j + 1) * m).reverse());
    // Reversed on the way in and out: here the first coordinate is the one that stays.
    reflector?.v.reverse();
    columns[j * m + j] = component;
    reflectors.push(reflector);
    if (reflector) for (let c = j + 1; c < n; c++) reflect(columns.subarray(c * m + j, (c + 1) * m), reflector);
  }
  const signs = Float64Array.from({ length: rank }, (_, j) => (columns[j * (m + 1)] < 0 ? -1 : 1));
  return { q: formQ(reflectors, signs, m), r: formR(columns, signs, { m, n }) };
}

function formQ(reflectors: readonly (Reflector | undefined)[], signs: Float64Array, m: number): Float64Array {
  const rank = signs.length;
  const columns = identity(m).subarray(0, rank * m);
  for (let j = rank - 1; j >= 0; j--) {
    const reflector = reflectors[j];
    if (reflector) for (let c = j; c < rank; c++) reflect(columns.subarray(c * m + j, (c + 1) * m), reflector);
  }
  for (let j = 0; j < rank; j++) if (signs[j] < 0) for (let i = j * m; i < (j + 1) * m; i++) columns[i] = -columns[i];
  return transpose(columns, rank, m);
}

function formR(columns: Float64Array, signs: Float64Array, { m, n }: { readonly m: number; readonly n: number }): Float64Array {
  const r = new Float64Array(signs.length * n);
  for (let i = 0; i < signs.length; i++) for (let j = i; j < n; j++) r[i * n + j] = signs[i] * columns[j * m + i];
  return r;
}

/** x <- (I - scale v v^T) x. */
function reflect(x: Float64Array, { v, scale }: Reflector): void {
  let along = 0;
  for (let i = 0; i < v.length; i++) along += v[i] * x[i];
  const factor = scale * along;
  for (let i = 0; i < v.length; i++) x[i] -= factor * v[i];
}
