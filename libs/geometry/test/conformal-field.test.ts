import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import {
  boundedExponent,
  conformalAcceleration,
  conformalCurvature,
  conformalField,
  conformalRm,
  constantField,
  curvatureAt,
  directionalRm,
  geodesicAcceleration,
} from '../src/index.ts';
import { seededNetwork } from './networks.ts';
import { normals } from './seeded.ts';

const network = seededNetwork(11, { inputs: 4, hidden: 6, outputs: 1 });
const exponent = boundedExponent((x) => network.evaluate(x), 1.5);
const base = Float64Array.of(2, 0.3, 0, 0.1, 0.3, 1, 0.2, 0, 0, 0.2, 1.5, 0, 0.1, 0, 0, 0.7);
const conformal = { base, dimension: 4, exponent };
const field = conformalField(constantField(base, 4), exponent);
const tolerance = { abs: 1e-11, rel: 1e-11 };

describe('conformalCurvature', () => {
  it('agrees with the general formulas over a base that is not the identity', () => {
    const draw = normals(12);
    const [x, u, v] = [draw(4), draw(4), draw(4)];
    const closed = conformalCurvature(conformal, x);
    const general = curvatureAt(field, x);
    expectClose(closed.ricci, general.ricci, tolerance);
    expectClose(closed.scalar, general.scalar, tolerance);
    expectClose(conformalRm(closed, base, u, v), directionalRm(field, x, u, v), tolerance);
  });

  it('refuses a base of another size', () => {
    expect(() => conformalCurvature({ ...conformal, dimension: 3 }, new Float64Array(3))).toThrow(
      'base: expected 9 entries [3, 3], got 16',
    );
  });
});

describe('conformalAcceleration', () => {
  it('is the geodesic equation', () => {
    const draw = normals(13);
    const [x, v] = [draw(4), draw(4)];
    expectClose(conformalAcceleration(conformal, x, v), geodesicAcceleration(field, { x, v }), tolerance);
  });
});

describe('boundedExponent', () => {
  it('stays within its limit', () => {
    const steep = boundedExponent((x) => x.sum().scale(100), 2);
    expect(conformalCurvature({ ...conformal, exponent: steep }, Float64Array.of(3, 3, 3, 3)).factor).toBeLessThanOrEqual(Math.exp(4));
  });
});
