import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import {
  addMoments,
  curvatureAt,
  momentsOf,
  penaltyProbe,
  probePoint,
  ricciProbe,
  scalarProbe,
  signsOf,
  stereographicSphere,
  summarizeMoments,
  type MetricField,
} from '../src/index.ts';
import { goldenField } from './networks.ts';
import { normals, uniforms } from './seeded.ts';

/** A seeded estimate must lie within this many standard errors of the truth. */
const zBound = 4;

function repeated(count: number, probe: () => number) {
  return summarizeMoments(momentsOf(Array.from({ length: count }, probe)));
}

function expectWithin({ mean, standardError }: { mean: number; standardError: number }, truth: number) {
  expect(Math.abs(mean - truth) / standardError).toBeLessThan(zBound);
}

const neural = goldenField('tanh_mlp_cholesky_3d');
const x = [0.37, 0.567, -0.65];
const at = probePoint(neural, x);
const exact = curvatureAt(neural, x);
const count = 600;

describe('scalarProbe', () => {
  const next = uniforms(21);
  const signs = (d: number) => signsOf(Array.from({ length: d }, next));
  const draw = normals(22);

  it('is unbiased for the scalar curvature with signs and with normals', () => {
    expectWithin(repeated(count, () => scalarProbe(at, signs(3), signs(3))), exact.scalar); // prettier-ignore
    expectWithin(repeated(count, () => scalarProbe(at, draw(3), draw(3))), exact.scalar); // prettier-ignore
  });

  it('has with signs the smaller spread on spheres: 0.092 against 0.51 of the mean at d = 16', () => {
    const sphere = probePoint(stereographicSphere(16), new Float64Array(16).fill(0.1));
    const spread = (probe: () => number) => {
      const { mean, variance } = repeated(80, probe);
      return Math.sqrt(variance) / mean;
    };
    expect(spread(() => scalarProbe(sphere, signs(16), signs(16)))).toBeLessThan(0.13);
    expect(spread(() => scalarProbe(sphere, draw(16), draw(16)))).toBeGreaterThan(0.35);
  });

  it('refuses probes of another length', () => {
    expect(() => scalarProbe(at, [1, 1], [1, 1, 1])).toThrow('probe: xi: expected 3 entries [3], got 2');
  });
});

describe('ricciProbe', () => {
  it('is unbiased for Ric(w, w)', () => {
    const draw = normals(23);
    const w = [0.4, -1, 0.7];
    const truth = exact.ricci.reduce((sum, entry, i) => sum + entry * w[Math.floor(i / 3)] * w[i % 3], 0);
    expectWithin(repeated(count, () => ricciProbe(at, w, draw(3))), truth); // prettier-ignore
  });
});

describe('penaltyProbe', () => {
  const cases: [string, MetricField, number[], number][] = [
    ['S^2: 24', stereographicSphere(2), [0.3, -0.4], 24],
    ['S^3: 120', stereographicSphere(3), [0.2, -0.1, 0.4], 120],
    ['a network', neural, x, exact.expectedSquare],
  ];
  it.each(cases)('is unbiased for 3|Rm|^2 + 4|Ric|^2 + Scal^2 on %s', (_, field, point, expected) => {
    expectClose(curvatureAt(field, point).expectedSquare, expected, { rel: 1e-10 });
    const probes = probePoint(field, point);
    const draw = normals(24);
    const halves = [0, 1].map(() =>
      momentsOf(Array.from({ length: count }, () => penaltyProbe(probes, { xi: draw(point.length), eta: draw(point.length) }))),
    );
    const both = addMoments(halves[0], halves[1]);
    expect(both.count).toBe(2 * count);
    expectWithin(summarizeMoments(both), expected);
  });

  it('grows linearly beyond the threshold of Huber, without a jump', () => {
    const draw = normals(25);
    const pair = { xi: draw(3), eta: draw(3) };
    const size = Math.abs(scalarProbe(at, pair.xi, pair.eta));
    expectClose(penaltyProbe(at, pair, { huber: size }), size * size, { rel: 1e-12 });
    expectClose(penaltyProbe(at, pair, { huber: size / 2 }), 0.75 * size * size, { rel: 1e-12 });
    expect(() => penaltyProbe(at, pair, { huber: 0 })).toThrow('penaltyProbe: huber: expected a positive number, got 0');
  });
});
