/**
 * The Riemann tensor with full index arrays, for small d, straight from the second derivatives of g:
 *   R_ijkl = 1/2 (d_j d_k g_il + d_i d_l g_jk - d_i d_k g_jl - d_j d_l g_ik) + <Gamma_jk, Gamma_il> - <Gamma_jl, Gamma_ik>
 * which is the lowered R^r_smn = d_m Gamma^r_ns - d_n Gamma^r_ms + Gamma^r_ml Gamma^l_ns - Gamma^r_nl Gamma^l_ms of golden/03.
 * Sign: Rm(u,v,u,v) = R_ijkl u^i v^j u^k v^l is positive on spheres. All arrays are row-major in the order of their indices.
 */
import { matmul } from '@geodesic/linalg';
import { MetricError, requireLength } from '../errors.ts';
import { loweredChristoffel } from './christoffel.ts';
import type { MetricTwoJet } from './metric-two-jet.ts';

/** The tensor with all indices down, R_ijkl [d, d, d, d]. O(d^5). */
export function riemann(jet: MetricTwoJet): Float64Array {
  const { dimension: d, inverse, ddg } = jet;
  const pairs = d * d;
  const lowered = loweredChristoffel(jet);
  const raised = matmul(inverse, lowered, { m: d, k: d, n: pairs });
  // products [ij, kl] = <Gamma_ij, Gamma_kl>
  const products = matmul(lowered, raised, { m: pairs, k: d, n: pairs, transposeA: true });
  const second = (a: number, b: number, i: number, j: number): number => ddg[((a * d + b) * d + i) * d + j];
  const inner = (i: number, j: number, k: number, l: number): number => products[(i * d + j) * pairs + k * d + l];
  const tensor = new Float64Array(pairs * pairs);
  for (let i = 0, at = 0; i < d; i++)
    for (let j = 0; j < d; j++)
      for (let k = 0; k < d; k++)
        for (let l = 0; l < d; l++, at++)
          tensor[at] =
            (second(j, k, i, l) + second(i, l, j, k) - second(i, k, j, l) - second(j, l, i, k)) / 2 + inner(j, k, i, l) - inner(j, l, i, k);
  return tensor;
}

/** The index positions of the Riemann tensor: one letter u(p) or d(own) for each index. */
export type IndexPositions = `${'u' | 'd'}${'u' | 'd'}${'u' | 'd'}${'u' | 'd'}`;

/**
 * The tensor with some indices raised, from R_ijkl: 'uddd' is R^i_jkl, the curvature operator; 'uudd' acts on planes; 'uuuu' is R^ijkl.
 * O(d^5) for each raised index.
 * @throws {MetricError} when the length is wrong
 */
export function raiseRiemann(jet: MetricTwoJet, lowered: Float64Array, positions: IndexPositions): Float64Array {
  const d = jet.dimension;
  requireLength('raiseRiemann', 'lowered', lowered, d ** 4, `[${d}, ${d}, ${d}, ${d}]`);
  return positions
    .split('')
    .reduce((tensor, place, index) => (place === 'u' ? contractIndex(tensor, jet.inverse, d, index) : tensor), lowered);
}

/** The tensor in the frame whose vectors are the columns of E [d, d]: R(E_a, E_b, E_c, E_e). O(d^5). @throws {MetricError} */
export function riemannInFrame(lowered: Float64Array, frame: Float64Array, dimension: number): Float64Array {
  const d = dimension;
  requireLength('riemannInFrame', 'lowered', lowered, d ** 4, `[${d}, ${d}, ${d}, ${d}]`);
  requireLength('riemannInFrame', 'frame', frame, d * d, `[${d}, ${d}]`);
  return [0, 1, 2, 3].reduce((tensor, index) => contractIndex(tensor, frame, d, index), lowered);
}

/** Rm(u,v,u,v) of R_ijkl. O(d^4). */
export function riemannUvuv(lowered: Float64Array, u: Float64Array, v: Float64Array): number {
  const d = u.length;
  let sum = 0;
  for (let i = 0, at = 0; i < d; i++)
    for (let j = 0; j < d; j++)
      for (let k = 0; k < d; k++) for (let l = 0; l < d; l++, at++) sum += lowered[at] * u[i] * v[j] * u[k] * v[l];
  return sum;
}

/** The sectional curvature from Rm(u,v,u,v) and the products of u and v. @throws {MetricError} when u and v span no plane */
export function sectionalFrom(rm: number, { uu, uv, vv }: { readonly uu: number; readonly uv: number; readonly vv: number }): number {
  const area = uu * vv - uv * uv;
  if (!(area > Number.EPSILON * uu * vv)) throw new MetricError('sectionalFrom', 'u, v', 'vectors that span a plane', `area^2 ${area}`);
  return rm / area;
}

/** Replaces index number `index` i by a: the sum over i of M [i, a] T [.., i, ..], [d^4]. */
function contractIndex(tensor: Float64Array, matrix: Float64Array, d: number, index: number): Float64Array {
  const inner = d ** (3 - index);
  const result = new Float64Array(tensor.length);
  for (let outer = 0; outer < d ** index; outer++) {
    const block = tensor.subarray(outer * d * inner, (outer + 1) * d * inner);
    result.set(matmul(matrix, block, { m: d, k: d, n: inner, transposeA: true }), outer * d * inner);
  }
  return result;
}
