/**
 * The secular equation of a rank-one update: the eigenvalues of diag(d) + rho z z^T with d ascending and all z_j beyond deflation are
 * the roots of f(x) = 1 / rho + sum_j z_j^2 / (d_j - x), one to the right of each d_j.
 * A root is sought as its distance t from the nearer pole, so that all d_j - x come out with small relative errors, by rational
 * interpolation with the two neighbouring poles (Bunch, Nielsen and Sorensen 1978; Li, LAPACK working note 89), kept inside a bracket.
 */

const epsilon = Number.EPSILON;
/** Bisection alone would be done by then. */
const mostIterations = 100;

/** A rank-one update of order k. */
export interface Secular {
  /** [k], ascending. */
  readonly d: Float64Array;
  /** z_j^2, [k]. */
  readonly squares: Float64Array;
  /** Above 0. */
  readonly rho: number;
}

/** What the terms up to a root's left pole (psi) and beyond (phi) sum to, with derivatives. */
interface Sums {
  psi: number;
  psiSlope: number;
  phi: number;
  phiSlope: number;
}

/** Finds root i; `differences` [k] receives d_j - root. Answers the root. */
export function secularRoot({ d, squares, rho }: Secular, i: number, differences: Float64Array): number {
  const k = d.length;
  const sums: Sums = { psi: 0, psiSlope: 0, phi: 0, phiSlope: 0 };
  const isLast = i === k - 1;
  let low = 0;
  let high = isLast ? rho * squares.reduce((sum, square) => sum + square, 0) : (d[i + 1] - d[i]) / 2;
  let origin = i;
  let t = isLast ? high / 2 : high;
  evaluate(d, squares, { origin, t, i }, differences, sums);
  if (!isLast && 1 / rho + sums.psi + sums.phi < 0) {
    // The root lies in the right half: from here on it is told by its distance from the right pole.
    origin = i + 1;
    [low, high] = [-high, 0];
    t = low;
    evaluate(d, squares, { origin, t, i }, differences, sums);
  }
  for (let iteration = 0; iteration < mostIterations; iteration++) {
    const { psi, phi } = sums;
    const f = 1 / rho + psi + phi;
    if (Math.abs(f) <= 8 * epsilon * (1 / rho + phi - psi)) break;
    if (f < 0) low = t;
    else high = t;
    const next = t + step(f, sums, differences[i], isLast ? undefined : differences[i + 1]);
    const inside = next > low && next < high ? next : (low + high) / 2;
    if (inside === t || !(inside > low && inside < high)) break;
    t = inside;
    evaluate(d, squares, { origin, t, i }, differences, sums);
  }
  return d[origin] + t;
}

/** d_j - x for x = d[origin] + t, and the sums there. */
function evaluate(
  d: Float64Array,
  squares: Float64Array,
  { origin, t, i }: { readonly origin: number; readonly t: number; readonly i: number },
  differences: Float64Array,
  sums: Sums,
): void {
  const pole = d[origin];
  const k = d.length;
  let [psi, psiSlope, phi, phiSlope] = [0, 0, 0, 0];
  for (let j = 0; j <= i; j++) {
    const difference = d[j] - pole - t;
    const term = squares[j] / difference;
    differences[j] = difference;
    psi += term;
    psiSlope += term / difference;
  }
  for (let j = i + 1; j < k; j++) {
    const difference = d[j] - pole - t;
    const term = squares[j] / difference;
    differences[j] = difference;
    phi += term;
    phiSlope += term / difference;
  }
  sums.psi = psi;
  sums.psiSlope = psiSlope;
  sums.phi = phi;
  sums.phiSlope = phiSlope;
}

/** The way to the root of c + s / (left - x) + S / (right - x), which has f's value and both slopes; NaN where it has none. */
function step(f: number, { psiSlope, phiSlope }: Sums, left: number, right: number | undefined): number {
  if (right === undefined) return (left * f) / (f - left * psiSlope);
  const c = f - left * psiSlope - right * phiSlope;
  const a = (left + right) * f - left * right * (psiSlope + phiSlope);
  const b = left * right * f;
  const root = Math.sqrt(Math.max(0, a * a - 4 * b * c));
  return a <= 0 ? (a - root) / (2 * c) : (2 * b) / (a + root);
}
