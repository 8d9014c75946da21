/**
 * The Levi-Civita connection in coordinates, with full index arrays, for small d.
 *   Gamma_kij = 1/2 (d_i g_jk + d_j g_ik - d_k g_ij),   Gamma^k_ij = g^kl Gamma_lij
 * Index order [k, i, j], the raised or lowered index first, symmetric in i and j. Source: golden/03; do Carmo 1992, chapter 2.
 */
import { matmul } from '@geodesic/linalg';
import { requireLength } from '../errors.ts';
import type { MetricOneJet } from './metric-two-jet.ts';

/** Christoffel symbols of the first kind, Gamma_kij [d, d, d]. O(d^3). */
export function loweredChristoffel({ dimension: d, dg }: MetricOneJet): Float64Array {
  const lowered = new Float64Array(d ** 3);
  const at = (a: number, i: number, j: number): number => dg[(a * d + i) * d + j];
  for (let k = 0, to = 0; k < d; k++)
    for (let i = 0; i < d; i++) for (let j = 0; j < d; j++, to++) lowered[to] = (at(i, j, k) + at(j, i, k) - at(k, i, j)) / 2;
  return lowered;
}

/** Christoffel symbols of the second kind, Gamma^k_ij [d, d, d]. O(d^4). */
export function christoffel(jet: MetricOneJet): Float64Array {
  const d = jet.dimension;
  return matmul(jet.inverse, loweredChristoffel(jet), { m: d, k: d, n: d * d });
}

/** The vector Gamma^k_ij u^i v^j [d] of given symbols; its negative at u = v is the acceleration of a geodesic. O(d^3). @throws {MetricError} */
export function connectionProduct(symbols: Float64Array, u: Float64Array, v: Float64Array): Float64Array {
  const d = u.length;
  requireLength('connectionProduct', 'symbols', symbols, d ** 3, `[${d}, ${d}, ${d}]`);
  requireLength('connectionProduct', 'v', v, d, `[${d}]`);
  return u.map((_, k) => {
    let sum = 0;
    for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) sum += symbols[(k * d + i) * d + j] * u[i] * v[j];
    return sum;
  });
}
