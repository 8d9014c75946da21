import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import {
  discRegion,
  ellipse,
  flatPolar,
  gaussBonnet,
  gaussCurvature,
  hyperbolicBall,
  hyperbolicHalfSpace,
  polygonRegion,
  ringRegion,
  sphericalSphere,
  starRegion,
  stereographicSphere,
  torus,
  type MetricField,
  type PlanarRegion,
} from '../src/index.ts';
import { gaussLegendre } from '../src/regions/gauss-legendre.ts';
import { goldenField } from './networks.ts';

describe('gaussLegendre', () => {
  it('integrates polynomials of degree 2n - 1 exactly', () => {
    for (const n of [1, 2, 5, 24]) {
      const { nodes, weights } = gaussLegendre(n);
      for (let degree = 0; degree < 2 * n; degree++) {
        const integral = nodes.reduce((sum, node, i) => sum + weights[i] * node ** degree, 0);
        expectClose(integral, 1 / (degree + 1), { abs: 1e-14 });
      }
    }
  });

  it('refuses no nodes', () => {
    expect(() => gaussLegendre(0)).toThrow('gaussLegendre: n: expected a whole number of at least 1, got 0');
  });
});

describe('gaussBonnet', () => {
  const triangle = (scale: number): PlanarRegion => polygonRegion([[0, 0], [scale, 0.1], [0.3 * scale, scale]]); // prettier-ignore
  const cases: [string, MetricField, PlanarRegion][] = [
    ['a disc of the sphere', stereographicSphere(2), discRegion([0.2, 0.1], [0.9, 0.6])],
    ['most of the sphere', stereographicSphere(2), discRegion([0, 0], [6, 6])],
    ['a triangle of the sphere', sphericalSphere(), polygonRegion([[1, 0.2], [2, 0.3], [1.4, 1.5]])], // prettier-ignore
    ['a disc of the hyperbolic plane', hyperbolicBall(2), discRegion([0.2, 0.1], [0.5, 0.6])],
    ['a triangle of the half plane', hyperbolicHalfSpace(2), polygonRegion([[0, 1], [1, 1.1], [0.4, 2]])], // prettier-ignore
    ['a disc of the torus', torus(2, 1), discRegion([0.5, 1], [1.5, 0.8])],
    ['a ring of the plane', flatPolar(), ringRegion(ellipse([2, 0], [0.3, 0.3]), ellipse([2, 0], [1, 1.5]))],
    ['a disc of a network metric', goldenField('tanh_mlp_cholesky_2d'), discRegion([0.1, 0], [0.8, 0.8])],
    ['a triangle of a network metric', goldenField('tanh_mlp_cholesky_2d'), triangle(1)],
  ];
  it.each(cases)('holds on %s, to 0.01 % where 1 % is asked', (_, field, region) => {
    const result = gaussBonnet(field, region, { nodes: region.patches.length > 1 ? 12 : 24 });
    expectClose(result.total, result.expected, { abs: 1e-4 * 2 * Math.PI });
  });

  it('has the known area and curvature of a cap and of a hyperbolic disc', () => {
    // Coordinate radius r is the angle 2 atan r from the pole, and the hyperbolic distance 2 atanh r from the centre.
    const cap = gaussBonnet(stereographicSphere(2), discRegion([0, 0], [1, 1]));
    expectClose([cap.area, cap.curvature, cap.boundary], [2 * Math.PI, 2 * Math.PI, 0], { abs: 1e-10 });
    const disc = gaussBonnet(hyperbolicBall(2), discRegion([0, 0], [0.5, 0.5]));
    const area = 4 * Math.PI * Math.sinh(Math.atanh(0.5)) ** 2;
    expectClose([disc.area, disc.curvature], [area, -area], { abs: 1e-10 });
  });

  it('says when a loop runs clockwise, or the field is no surface', () => {
    const clockwise = starRegion([0, 0], [{ ...ellipse([0, 0], [1, 1]), evaluate: (t) => ellipse([0, 0], [1, 1]).evaluate(t.scale(-1)) }]);
    expect(() => gaussBonnet(stereographicSphere(2), clockwise)).toThrow(
      'gaussBonnet: region: expected loops with the region on their left',
    );
    expect(() => gaussBonnet(stereographicSphere(3), clockwise)).toThrow('gaussBonnet: field: expected dimension 2, got 3');
    expect(() => ellipse([0, 0], [1, -1])).toThrow('ellipse: halfAxes: expected positive finite numbers, got 1, -1');
  });
});

describe('gaussCurvature', () => {
  it('is cos u / (2 + cos u) on the torus', () => {
    expectClose(gaussCurvature(torus(2, 1), [0.4, 3]), Math.cos(0.4) / (2 + Math.cos(0.4)), { abs: 1e-14 });
  });
});
