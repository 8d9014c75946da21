/**
 * The equations of motion of a free particle on a metric field, first order in time, in both forms.
 *   Lagrangian    x' = v,        v' = -g^-1 [ (D_v g) v - 1/2 grad_x (v^T g v) ]
 *   Hamiltonian   x' = g^-1 p,   p' = +1/2 grad_x (v^T g v) at v = g^-1 p
 * Conserved: energy 1/2 v^T g v = 1/2 p^T g^-1 p. Source: golden/05; spec A4 "Geodesics".
 */
import { connectionTerm } from '../curvature/directional-curvature.ts';
import { requirePoint, type MetricField } from '../fields/metric-field.ts';
import { Jet } from '../jets/jet.ts';
import { dot, squaredLength } from '../metric.ts';

/** Position and velocity, each [d]. */
export interface GeodesicState {
  readonly x: Float64Array;
  readonly v: Float64Array;
}

/** Position and momentum, each [d]. */
export interface PhaseState {
  readonly x: Float64Array;
  readonly p: Float64Array;
}

/** A first-order system in flat coordinates y [n]: y' = f(y). */
export type VectorField = (y: Float64Array) => Float64Array;

/** The acceleration v' = -Gamma(v,v) [d]. One 1-jet in d directions. @throws {MetricError | NotPositiveDefiniteError} */
export function geodesicAcceleration(field: MetricField, { x, v }: GeodesicState): Float64Array {
  return connectionTerm(field, x, v, v).map((entry) => -entry);
}

/** The rates x', p' [d] of the Hamiltonian form. One 1-jet in d directions. @throws {MetricError | NotPositiveDefiniteError} */
export function hamiltonianRates(field: MetricField, { x, p }: PhaseState): PhaseState {
  const point = requirePoint('hamiltonianRates', 'x', field, x);
  const v = field.at(point).solve(requirePoint('hamiltonianRates', 'p', field, p));
  const axes = field.apply(Jet.at(point, 1), [v]);
  return { x: v, p: v.map((_, axis) => dot(v, axes.derivative(axis)) / 2) };
}

/** The Hamiltonian 1/2 p^T g^-1 p. @throws {MetricError | NotPositiveDefiniteError} */
export function hamiltonian(field: MetricField, { x, p }: PhaseState): number {
  return dot(p, field.at(requirePoint('hamiltonian', 'x', field, x)).solve(p)) / 2;
}

/** The speed sqrt(v^T g v) of a state. @throws {MetricError | NotPositiveDefiniteError} */
export function speedOf(field: MetricField, { x, v }: GeodesicState): number {
  return Math.sqrt(squaredLength(field.at(requirePoint('speedOf', 'x', field, x)), requirePoint('speedOf', 'v', field, v)));
}

/** The Lagrangian form as a system in y = [x | v], [2 d]. */
export function lagrangianSystem(field: MetricField): VectorField {
  return onHalves(field.dimension, (x, v) => [v, geodesicAcceleration(field, { x, v })]);
}

/** The Hamiltonian form as a system in y = [x | p], [2 d]. */
export function hamiltonianSystem(field: MetricField): VectorField {
  return onHalves(field.dimension, (x, p) => {
    const rates = hamiltonianRates(field, { x, p });
    return [rates.x, rates.p];
  });
}

/** A system from its rates of the two halves of y. */
function onHalves(d: number, rates: (x: Float64Array, second: Float64Array) => readonly Float64Array[]): VectorField {
  return (y) => {
    const [first, second] = rates(y.subarray(0, d), y.subarray(d));
    const joined = new Float64Array(2 * d);
    joined.set(first);
    joined.set(second, d);
    return joined;
  };
}
