/**
 * Metrics made symmetric by averaging over a finite group of linear maps: from any field g the field
 *   gbar(x) = 1/|G| sum over rho of rho^T g(rho x) rho
 * for which every rho is an isometry, gbar(rho x) = rho^-T gbar(x) rho^-1. Source: spec A11, symmetries.
 */
import { matmul } from '@geodesic/linalg';
import { MetricError, requireLength } from '../errors.ts';
import { metricField, type MetricField } from '../fields/metric-field.ts';
import { Jet } from '../jets/jet.ts';
import { matrixProduct } from '../jets/jet-functions.ts';

/**
 * The averaged field over a group given by all its matrices rho [d, d]. |G| times the cost of the field.
 * @throws {MetricError} when a length is wrong, or the matrices are not closed under products to 1e-9
 */
export function groupAveragedField(field: MetricField, group: readonly Float64Array[]): MetricField {
  const d = field.dimension;
  requireGroup(group, d);
  const shape = { m: d, p: d, n: d };
  return metricField(d, (x) => {
    const terms = group.map((rho) => {
      const rhoT = rho.map((_, at) => rho[(at % d) * d + Math.floor(at / d)]);
      const inner = matrixProduct(field.matrix(x.times(rhoT, d)), Jet.constant(x.space, rho), shape);
      return matrixProduct(Jet.constant(x.space, rhoT), inner, shape);
    });
    return terms.reduce((sum, term) => sum.plus(term)).scale(1 / group.length);
  });
}

/** The n rotations of the plane by multiples of 2 pi / n, each [2, 2]. @throws {MetricError} unless n is a whole number above 0 */
export function cyclicRotations(n: number): Float64Array[] {
  if (!Number.isSafeInteger(n) || n < 1) throw new MetricError('cyclicRotations', 'n', 'a whole number of at least 1', String(n));
  return Array.from({ length: n }, (_, k) => {
    const [c, s] = [Math.cos((2 * Math.PI * k) / n), Math.sin((2 * Math.PI * k) / n)];
    return Float64Array.of(c, -s, s, c);
  });
}

/** How far rho is from an isometry of a field at x: the largest entry of rho^T g(rho x) rho - g(x). @throws {MetricError} */
export function equivarianceDefect(field: MetricField, rho: Float64Array, x: Float64Array): number {
  const d = field.dimension;
  requireLength('equivarianceDefect', 'rho', rho, d * d, `[${d}, ${d}]`);
  const moved = field.at(matmul(rho, x, { m: d, k: d, n: 1 })).toDense();
  const pulled = matmul(rho, matmul(moved, rho, { m: d, k: d, n: d }), { m: d, k: d, n: d, transposeA: true });
  const g = field.at(x).toDense();
  return pulled.reduce((most, entry, at) => Math.max(most, Math.abs(entry - g[at])), 0);
}

function requireGroup(group: readonly Float64Array[], d: number): void {
  if (group.length === 0) throw new MetricError('groupAveragedField', 'group', 'at least the identity', 'none');
  group.forEach((rho, k) => requireLength('groupAveragedField', `group[${k}]`, rho, d * d, `[${d}, ${d}]`));
  const known = (product: Float64Array): boolean => group.some((rho) => rho.every((entry, at) => Math.abs(entry - product[at]) < 1e-9));
  group.forEach((first, k) =>
    group.forEach((second, l) => {
      if (!known(matmul(first, second, { m: d, k: d, n: d })))
        throw new MetricError('groupAveragedField', 'group', 'matrices closed under products', `a new product of ${k} and ${l}`);
    }),
  );
}
