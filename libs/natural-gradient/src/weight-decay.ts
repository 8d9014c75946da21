/**
 * The gradient of an L2-regularised objective L(theta) + (coefficient / 2) |theta|^2. Decoupled decay (Adam) stands in adam.ts.
 */
import type { FloatArray } from './rounds.ts';
import { scaledPlus } from './vector.ts';

/** gradient + coefficient theta; the gradient itself when the coefficient is 0. */
export function l2Gradient(gradient: Float64Array, parameters: FloatArray, coefficient: number): Float64Array {
  return coefficient === 0 ? gradient : scaledPlus(coefficient, parameters, gradient);
}
