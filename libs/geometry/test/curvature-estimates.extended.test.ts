import { describe, expect, it } from 'vitest';
import { curvatureAt, momentsOf, penaltyProbe, probePoint, scalarProbe, signsOf, summarizeMoments } from '../src/index.ts';
import { goldenNames, goldenPoints } from './golden-points.ts';
import { goldenField } from './networks.ts';
import { normals, uniforms } from './seeded.ts';

const points = goldenNames('04_geometry_neural_metric').flatMap((name) =>
  goldenPoints('04_geometry_neural_metric', name).map((point) => ({ ...point, field: goldenField(name) })),
);
const count = 10_000;
const zBound = 4.5;

describe('probes at every point of golden 04', () => {
  it.each(points)('agree with the exact values at $name', ({ field, x }) => {
    const at = probePoint(field, x);
    const exact = curvatureAt(field, x);
    const draw = normals(61);
    const next = uniforms(62);
    const signs = () => signsOf(Array.from({ length: x.length }, next));
    const penalties = momentsOf(Array.from({ length: count }, () => penaltyProbe(at, { xi: draw(x.length), eta: draw(x.length) })));
    const scalars = momentsOf(Array.from({ length: count }, () => scalarProbe(at, signs(), signs())));
    for (const [moments, truth] of [
      [penalties, exact.expectedSquare],
      [scalars, exact.scalar],
    ] as const) {
      const { mean, standardError } = summarizeMoments(moments);
      expect(Math.abs(mean - truth) / standardError).toBeLessThan(zBound);
      expect(standardError).toBeLessThan(0.2 * Math.abs(truth));
    }
  });
});
