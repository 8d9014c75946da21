/**
 * Gauss-Legendre quadrature on [0, 1]: n nodes integrate polynomials of degree 2n - 1 exactly.
 * Nodes are the roots of the Legendre polynomial by Newton's method from Tricomi's guess. Source: Press et al. 2007, 4.6.
 */
import { MetricError } from '../errors.ts';

/** Nodes in (0, 1), ascending, and weights of sum 1. */
export interface Quadrature {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

const newtonRounds = 100;

/** The rule of n nodes. O(n^2). @throws {MetricError} when n is not a whole number of at least 1 */
export function gaussLegendre(n: number): Quadrature {
  if (!Number.isSafeInteger(n) || n < 1) throw new MetricError('gaussLegendre', 'n', 'a whole number of at least 1', String(n));
  const nodes = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let z = -Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 0;
    for (let round = 0; round < newtonRounds; round++) {
      const { value, derivative } = legendre(n, z);
      slope = derivative;
      const step = value / derivative;
      z -= step;
      if (Math.abs(step) < 1e-15) break;
    }
    nodes[i] = (1 + z) / 2;
    weights[i] = 1 / ((1 - z * z) * slope * slope);
  }
  return { nodes, weights };
}

/** P_n(z) and P_n'(z), |z| < 1, by the three-term recurrence. */
function legendre(n: number, z: number): { readonly value: number; readonly derivative: number } {
  let [previous, value] = [1, z];
  for (let k = 2; k <= n; k++) [previous, value] = [value, ((2 * k - 1) * z * value - (k - 1) * previous) / k];
  return { value, derivative: (n * (z * value - previous)) / (z * z - 1) };
}
