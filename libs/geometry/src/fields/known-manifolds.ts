/**
 * Known manifolds in their usual charts: what curvature, geodesics and integrals are checked against, and demos are made of.
 * Source: golden/03; any textbook (do Carmo 1992). Angles in radians.
 *
 *   chart                          metric                          scalar curvature
 *   sphere, stereographic, radius  4 r^2/(1+|x|^2)^2 I             d(d-1)/r^2
 *   sphere, (colatitude, longitude)  r^2 diag(1, sin^2 theta)       2/r^2
 *   hyperbolic, half space         I / x_d^2                       -d(d-1)
 *   hyperbolic, ball               4/(1-|x|^2)^2 I                 -d(d-1)
 *   flat, polar                    diag(1, r^2)                    0
 *   torus, (tube, axis)            diag(a^2, (R + a cos u)^2)      2 cos u / (a (R + a cos u))
 *   paraboloid z = |x|^2/2         I + x x^T                       2/(1+|x|^2)^2 for d = 2
 */
import { diagonalMatrix, cos, matrixProduct, power, reciprocal, sin, square } from '../jets/jet-functions.ts';
import { Jet } from '../jets/jet.ts';
import { metricField, type MetricField } from './metric-field.ts';

/** The sphere S^d without a pole, in stereographic coordinates (the unit sphere meets the chart at |x| = 1). Radius default 1. */
export function stereographicSphere(dimension: number, radius = 1): MetricField {
  return metricField(dimension, (x) => isotropic(power(squaredNorm(x).plus(1), -2).scale(4 * radius * radius), dimension));
}

/** The sphere S^2 in (colatitude, longitude), 0 < colatitude < pi. Radius default 1. */
export function sphericalSphere(radius = 1): MetricField {
  return metricField(2, (x) => {
    const sine = sin(x.slice(0)).scale(radius);
    return diagonalMatrix(Jet.concat([constant(x, radius * radius), square(sine)]));
  });
}

/** Hyperbolic space H^d, the half space x_d > 0 (last coordinate). */
export function hyperbolicHalfSpace(dimension: number): MetricField {
  return metricField(dimension, (x) => isotropic(power(x.slice(dimension - 1), -2), dimension));
}

/** Hyperbolic space H^d in the ball |x| < 1 (Poincare). */
export function hyperbolicBall(dimension: number): MetricField {
  return metricField(dimension, (x) => isotropic(square(reciprocal(squaredNorm(x).scale(-1).plus(1))).scale(4), dimension));
}

/** The flat plane in (radius, angle), radius > 0. */
export function flatPolar(): MetricField {
  return metricField(2, (x) => diagonalMatrix(Jet.concat([constant(x, 1), square(x.slice(0))])));
}

/** The torus of revolution in (angle round the tube, angle round the axis): axis radius R above tube radius a. */
export function torus(axisRadius: number, tubeRadius: number): MetricField {
  return metricField(2, (x) => {
    const reach = cos(x.slice(0)).scale(tubeRadius).plus(axisRadius);
    return diagonalMatrix(Jet.concat([constant(x, tubeRadius * tubeRadius), square(reach)]));
  });
}

/** The paraboloid z = |x|^2 / 2 over its d coordinates. */
export function paraboloid(dimension: number): MetricField {
  return metricField(dimension, (x) => {
    const outer = matrixProduct(x, x, { m: dimension, p: 1, n: dimension });
    return outer.plus(isotropic(constant(x, 1), dimension));
  });
}

/** The Riemannian product of two fields: block-diagonal, the coordinates of the first and then of the second. */
export function productField(first: MetricField, second: MetricField): MetricField {
  const [m, n] = [first.dimension, second.dimension];
  const d = m + n;
  return metricField(d, (x) => {
    const place = (block: Jet, size: number, offset: number): Jet =>
      block.linear(d * d, (entries, out) =>
        entries.forEach((entry, at) => (out[(offset + Math.floor(at / size)) * d + offset + (at % size)] = entry)),
      );
    return place(first.matrix(x.slice(0, m)), m, 0).plus(place(second.matrix(x.slice(m, d)), n, m));
  });
}

/** |x|^2 of a jet of coordinates. */
function squaredNorm(x: Jet): Jet {
  return square(x).sum();
}

/** A jet of one entry times the identity [d, d]. */
function isotropic(factor: Jet, dimension: number): Jet {
  return diagonalMatrix(Jet.concat(Array.from({ length: dimension }, () => factor)));
}

function constant(like: Jet, value: number): Jet {
  return Jet.constant(like.space, [value]);
}
