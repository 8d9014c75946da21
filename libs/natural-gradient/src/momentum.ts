/**
 * Momentum on steps, not on gradients: delta_t = mu delta_(t-1) + s_t, where s_t already holds learning rate and clipping.
 * This is the delta of Martens & Grosse (2015, section 7), so a change of the learning rate does not rescale what has been gathered.
 */
import { scaledPlus } from './vector.ts';

/** Heavy ball: mu velocity + step, as a new array. */
export function heavyBall(velocity: Float64Array, step: Float64Array, momentum: number): Float64Array {
  return scaledPlus(momentum, velocity, step);
}
