/**
 * Matrices are scaled by a power of two before kernels square their entries, and their results scaled back: exact, unless an entry
 * is more than 300 orders of magnitude below the largest, where it no longer matters.
 */

/** Exponents of two whose squares, times any order, are far from both ends of the range. */
const ordinary = 300;

/** A power of two that brings the largest entry near one; 1 where it is of ordinary size or all entries are zero. Four maxima hide latency. */
export function ordinaryScale(values: Float64Array): number {
  let [m0, m1, m2, m3] = [0, 0, 0, 0];
  const whole = values.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    m0 = Math.max(m0, Math.abs(values[i]));
    m1 = Math.max(m1, Math.abs(values[i + 1]));
    m2 = Math.max(m2, Math.abs(values[i + 2]));
    m3 = Math.max(m3, Math.abs(values[i + 3]));
  }
  for (let i = whole; i < values.length; i++) m0 = Math.max(m0, Math.abs(values[i]));
  const largest = Math.max(m0, m1, m2, m3);
  const exponent = largest === 0 ? 0 : Math.floor(Math.log2(largest));
  // 2 ** 1074 would overflow: a largest entry that small is brought to ordinary size all the same.
  return Math.abs(exponent) <= ordinary ? 1 : 2 ** Math.min(-exponent, 1000);
}

/** values times factor, in place unless the factor is 1. */
export function scaleBy(values: Float64Array, factor: number): Float64Array {
  if (factor !== 1) for (let i = 0; i < values.length; i++) values[i] *= factor;
  return values;
}
