/**
 * Kronecker-factored operators. With row-major vec, (left (x) right^T) vec(V) = vec(left V right): one never forms the [m n, m n] matrix.
 */
import { defaultLinalg } from './default-linalg.ts';
import type { Linalg } from './linalg.ts';

/** The product left [m, m] V [m, n] right [n, n], a new array [m, n]. O(m^2 n + m n^2). @throws {ShapeError} when a length is wrong */
export function kroneckerApply(
  left: Float64Array,
  v: Float64Array,
  right: Float64Array,
  { m, n, linalg = defaultLinalg() }: { readonly m: number; readonly n: number; readonly linalg?: Linalg },
): Float64Array {
  return linalg.matmul(linalg.matmul(left, v, { m, k: m, n }), right, { m, k: n, n });
}
