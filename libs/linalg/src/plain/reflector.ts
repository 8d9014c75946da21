/**
 * Householder reflections: the orthogonal map that sends a vector to a multiple of the last unit vector.
 */

/** One reflection I - scale v v^T of the first v.length coordinates. */
export interface Reflector {
  readonly v: Float64Array;
  readonly scale: number;
}

/** The reflection that maps x to `component` times its last unit vector; none when x is such a multiple. Overwrites x. */
export function reflectorOf(x: Float64Array): { readonly reflector?: Reflector; readonly component: number } {
  const last = x.length - 1;
  if (x.subarray(0, last).every((entry) => entry === 0)) return { component: x[last] };
  // Scaling by the largest entry keeps squares from overflowing or vanishing.
  const largest = x.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
  let square = 0;
  for (let i = 0; i <= last; i++) {
    x[i] /= largest;
    square += x[i] * x[i];
  }
  // The sign that adds magnitudes, so that no digits cancel in v = x - component e.
  const component = x[last] > 0 ? -Math.sqrt(square) : Math.sqrt(square);
  const scale = 1 / (square - component * x[last]);
  x[last] -= component;
  return { reflector: { v: x, scale }, component: component * largest };
}
