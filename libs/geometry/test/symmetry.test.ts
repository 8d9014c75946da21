import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import {
  curvatureAt,
  cyclicRotations,
  equivarianceDefect,
  groupAveragedField,
  hyperbolicBall,
  hyperbolicHalfSpace,
  killingResidual,
  killingResiduals,
  linearFlow,
  stereographicSphere,
  summarizeMoments,
  torus,
} from '../src/index.ts';
import { goldenField } from './networks.ts';
import { normals } from './seeded.ts';

const rotation = linearFlow(Float64Array.of(0, -1, 1, 0), 2);
const network = goldenField('tanh_mlp_cholesky_2d');
const points = Array.from({ length: 10 }, (_, i) => normals(50 + i)(2).map((entry) => 0.3 * entry));

describe('killingResidual', () => {
  it('is below 1e-6 for rotations of symmetric metrics', () => {
    for (const field of [stereographicSphere(2), hyperbolicBall(2)])
      expect(summarizeMoments(killingResiduals(field, rotation, points)).mean).toBeLessThan(1e-24);
  });

  it('is zero for the dilations and shifts of the half plane, and the turn of the torus about its axis', () => {
    expectClose(killingResidual(hyperbolicHalfSpace(2), linearFlow(Float64Array.of(1, 0, 0, 1), 2), [0.3, 0.8]), 0, { abs: 1e-28 });
    const shift = linearFlow(new Float64Array(4), 2, Float64Array.of(1, 0));
    expectClose(killingResidual(hyperbolicHalfSpace(2), shift, [0.3, 0.8]), 0, { abs: 1e-28 });
    expectClose(killingResidual(torus(2, 1), linearFlow(new Float64Array(4), 2, Float64Array.of(0, 1)), [0.3, 0.8]), 0, { abs: 1e-28 });
  });

  it('is above zero where there is no symmetry', () => {
    expect(killingResidual(hyperbolicHalfSpace(2), rotation, [0.3, 0.8])).toBeGreaterThan(0.1);
    expect(killingResidual(torus(2, 1), linearFlow(new Float64Array(4), 2, Float64Array.of(1, 0)), [0.3, 0.8])).toBeGreaterThan(0.01);
    expect(summarizeMoments(killingResiduals(network, rotation, points)).mean).toBeGreaterThan(0.1);
  });

  it('is 4 d for a dilation of flat space, whose Lie derivative is 2 g', () => {
    const sphereAtPole = stereographicSphere(3);
    const dilation = linearFlow(Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), 3);
    expectClose(killingResidual(sphereAtPole, dilation, [0, 0, 0]), 12, { abs: 1e-14 });
  });

  it('refuses a flow of another dimension', () => {
    expect(() => killingResidual(stereographicSphere(3), rotation, [0, 0, 0])).toThrow(
      'lieDerivative: flow: expected a map from 3 to 3 numbers',
    );
  });
});

describe('groupAveragedField', () => {
  const group = cyclicRotations(5);
  const averaged = groupAveragedField(network, group);

  it('has every element of the group as an isometry, which the field itself has not', () => {
    for (const rho of group) expect(equivarianceDefect(averaged, rho, points[0])).toBeLessThan(1e-14);
    expect(equivarianceDefect(network, group[1], points[0])).toBeGreaterThan(0.1);
  });

  it('has the same curvature along an orbit', () => {
    const [x, y] = points[1];
    const [c, s] = [Math.cos((2 * Math.PI) / 5), Math.sin((2 * Math.PI) / 5)];
    expectClose(curvatureAt(averaged, [c * x - s * y, s * x + c * y]).scalar, curvatureAt(averaged, [x, y]).scalar, { rel: 1e-11 });
  });

  it('comes nearer to rotational symmetry with larger groups', () => {
    const residual = (n: number) =>
      summarizeMoments(killingResiduals(groupAveragedField(network, cyclicRotations(n)), rotation, points)).mean;
    expect(residual(12)).toBeLessThan(0.01 * residual(1));
    expect(residual(48)).toBeLessThan(1e-6);
  });

  it('refuses matrices that are no group', () => {
    expect(() => groupAveragedField(network, group.slice(1))).toThrow('groupAveragedField: group: expected matrices closed under products');
    expect(() => groupAveragedField(network, [])).toThrow('groupAveragedField: group: expected at least the identity, got none');
    expect(() => cyclicRotations(0)).toThrow('cyclicRotations: n: expected a whole number of at least 1, got 0');
  });
});
