/**
 * Momentum on steps, not on gradients: delta_t = mu delta_(t-1) + rate direction, where the rate already holds learning rate and clipping.
 * This is the delta of Martens & Grosse (2015, section 7), so a change of the learning rate does not rescale what has been gathered.
 */

/** A step before momentum is added to it: rate direction. */
export interface MomentumStep {
  readonly direction: Float64Array;
  readonly rate: number;
  /** mu */
  readonly momentum: number;
}

/** Heavy ball: mu velocity + rate direction, in one pass, into `out` [n], which may be the direction itself. Returns `out`. */
export function heavyBall(out: Float64Array, velocity: Float64Array, { direction, rate, momentum }: MomentumStep): Float64Array {
  for (let i = 0; i < out.length; i++) out[i] = momentum * velocity[i] + rate * direction[i];
  return out;
}
