/**
 * The Poisson problem on the unit square: -(u_xx + u_yy) = f, u = 0 on the boundary, f = 2 pi^2 sin(pi x) sin(pi y), whose solution is
 * u* = sin(pi x) sin(pi y). Points and weights as in the energy natural gradient's published example (Mueller & Zeinhofer 2023): 28 x 28 interior
 * points i / 29 of weight 1 / 784, 116 boundary points of weight 4 / 116; errors over 198 x 198 points i / 199.
 * Residuals of all points have one form, r = lap (u_xx + u_yy) + value u + source, scaled so that their mean square is the loss.
 */
import { deriveKey, fillNormal } from '../../libs/random/dist/index.js';

/** Hidden units, and parameters of the net 2-32-1: W [32, 2], b [32], v [32], c. */
export const hidden = 32;
export const size = 4 * hidden + 1;

const solution = (x, y) => Math.sin(Math.PI * x) * Math.sin(Math.PI * y);

/** Collocation points: x [N, 2] and the coefficients lap, value, source [N, 1] of their residuals. */
export function collocation() {
  const interior = grid(28, 29);
  const boundary = [
    ...Array.from({ length: 29 }, (_, i) => [i / 29, 0]),
    ...Array.from({ length: 29 }, (_, i) => [1, i / 29]),
    ...Array.from({ length: 29 }, (_, i) => [1 - i / 29, 1]),
    ...Array.from({ length: 29 }, (_, i) => [0, 1 - i / 29]),
  ];
  const count = interior.length + boundary.length;
  const inside = Math.sqrt(count / interior.length);
  const edge = Math.sqrt((4 * count) / boundary.length);
  return {
    count,
    x: Float64Array.from([...interior, ...boundary].flat()),
    lap: Float64Array.from({ length: count }, (_, n) => (n < interior.length ? inside : 0)),
    value: Float64Array.from({ length: count }, (_, n) => (n < interior.length ? 0 : edge)),
    source: Float64Array.from({ length: count }, (_, n) =>
      n < interior.length ? inside * 2 * Math.PI ** 2 * solution(...interior[n]) : 0,
    ),
  };
}

/** Points of the error, and the solution there. */
export function evaluation() {
  const points = grid(198, 199);
  return { count: points.length, x: Float64Array.from(points.flat()), u: Float64Array.from(points, ([x, y]) => solution(x, y)) };
}

/** First parameters of a seed: 0.1 N(0, 1). */
export function firstParameters(seed) {
  const theta = new Float64Array(size);
  fillNormal(deriveKey(seed, 'poisson-pinn', 'init'), 0, theta);
  return theta.map((entry) => 0.1 * entry);
}

/** Points (i / of, j / of), 1 <= i, j <= n. */
function grid(n, of) {
  return Array.from({ length: n * n }, (_, at) => [(Math.floor(at / n) + 1) / of, ((at % n) + 1) / of]);
}
