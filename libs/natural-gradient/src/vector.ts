/**
 * Elementwise float64 vectors of theta's length, as plain loops: these passes run over every parameter at every step, and a callback
 * for each entry costs several times the arithmetic. Every result is a new array.
 */

/** a / divisor */
export function divided(a: ArrayLike<number>, divisor: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = a[i] / divisor;
  return out;
}

/** factor a */
export function scaled(a: Float64Array, factor: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = factor * a[i];
  return out;
}

/** factor a + b */
export function scaledPlus(factor: number, a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = factor * a[i] + b[i];
  return out;
}

/** sum of a_i b_i, in order. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
