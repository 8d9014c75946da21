/**
 * Special functions in double precision that JavaScript lacks.
 */

const TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);

/**
 * The error function to about 1e-15: its Maclaurin series times exp(x^2) below 3 (all terms positive, so nothing cancels),
 * the continued fraction of erfc above (Abramowitz and Stegun 7.1.6 and 7.1.14).
 */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (a > 6) return Math.sign(x);
  if (a < 3) {
    let term = a;
    let sum = a;
    for (let n = 1; term > 1e-17 * sum; n++) {
      term *= (2 * a * a) / (2 * n + 1);
      sum += term;
    }
    return Math.sign(x) * TWO_OVER_ROOT_PI * Math.exp(-a * a) * sum;
  }
  let fraction = a;
  for (let n = 60; n >= 1; n--) fraction = a + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * fraction));
}

/** log(1 + exp(x)) without overflow. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** Levels of the continued fraction that make it exact to double precision down to x = 1. */
const LEVELS = 400;

/** exp(x^2) erfc(x) for x >= 1, by the continued fraction (Abramowitz and Stegun 7.1.14). */
export function scaledErfc(x: number): number {
  let fraction = x;
  for (let n = LEVELS; n >= 1; n--) fraction = x + n / 2 / fraction;
  return 1 / (Math.sqrt(Math.PI) * fraction);
}
