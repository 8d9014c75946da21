import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import {
  choleskyField,
  conformalField,
  constantField,
  connectionProduct,
  connectionTerm,
  curvatureAt,
  curvatureOf,
  directionalRm,
  factoredField,
  flatPolar,
  geodesicAcceleration,
  hyperbolicBall,
  hyperbolicHalfSpace,
  lowRankField,
  metricTwoJet,
  paraboloid,
  productField,
  raiseRiemann,
  riemannUvuv,
  sectionalCurvature,
  sphericalSphere,
  squaredLength,
  square,
  stereographicSphere,
  torus,
  twoJetOf,
  volumeElement,
  type MetricField,
} from '../src/index.ts';
import { goldenNames, goldenPoints, type GoldenPoint } from './golden-points.ts';
import { goldenField, seededNetwork } from './networks.ts';
import { normals } from './seeded.ts';

const flat3 = constantField(Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), 3);

/** The known manifolds of golden 03. The conformally flat one has f = x^2/4 + yz/2. */
const known: Record<string, MetricField> = {
  sphere_r2_spherical: sphericalSphere(2),
  sphere_r1_stereographic: stereographicSphere(2),
  hyperbolic_half_plane: hyperbolicHalfSpace(2),
  poincare_disk: hyperbolicBall(2),
  flat_polar: flatPolar(),
  torus_R2_a1: torus(2, 1),
  conformally_flat_3d: conformalField(flat3, (x) =>
    square(x.slice(0))
      .scale(0.25)
      .plus(x.slice(1).multiply(x.slice(2)).scale(0.5)),
  ),
  sphere3_stereographic: stereographicSphere(3),
  product_S2_R: productField(sphericalSphere(), constantField(Float64Array.of(1), 1)),
  graph_metric_2d: paraboloid(2),
};
const neural = goldenNames('04_geometry_neural_metric');
const knownPoints = goldenNames('03_geometry_known').flatMap((name) =>
  goldenPoints('03_geometry_known', name).map((point) => ({ ...point, field: known[name] })),
);
const neuralPoints = neural.flatMap((name) =>
  goldenPoints('04_geometry_neural_metric', name).map((point) => ({ ...point, field: goldenField(name) })),
);

/** Every output of a case that the tensors give. */
function expectCurvature(point: GoldenPoint, { field, jet }: { field: MetricField; jet?: ReturnType<typeof metricTwoJet> }) {
  const { tolerance } = point;
  const curvature = jet ? curvatureOf(jet) : curvatureAt(field, point.x);
  const [u, v] = [point.input('u'), point.input('v')];
  expectClose(curvature.christoffel, point.output('christoffel'), tolerance);
  expectClose(curvature.riemann, point.output('riemann_low'), tolerance);
  expectClose(curvature.ricci, point.output('ricci'), tolerance);
  expectClose(curvature.scalar, point.output('scalar'), tolerance);
  expectClose(curvature.riemannSquared, point.output('riemann_norm2'), tolerance);
  expectClose(curvature.ricciSquared, point.output('ricci_norm2'), tolerance);
  expectClose(curvature.expectedSquare, point.output('expected_rm_uvuv_sq'), tolerance);
  expectClose(riemannUvuv(curvature.riemann, u, v), point.output('rm_uvuv'), tolerance);
  const acceleration = connectionProduct(curvature.christoffel, u, u).map((entry) => -entry);
  expectClose(acceleration, point.output('geodesic_acceleration_u'), tolerance);
}

/** Every output that directions give. */
function expectDirections(point: GoldenPoint, field: MetricField) {
  const [u, v] = [point.input('u'), point.input('v')];
  expectClose(directionalRm(field, point.x, u, v), point.output('rm_uvuv'), point.tolerance);
  expectClose(geodesicAcceleration(field, { x: point.x, v: u }), point.output('geodesic_acceleration_u'), point.tolerance);
}

describe('curvatureOf the derivatives of golden 03', () => {
  it.each(knownPoints)('reproduces $name', (point) => {
    const d = point.x.length;
    const jet = twoJetOf(d, { g: point.input('g'), dg: point.input('dg'), ddg: point.input('ddg') });
    expectCurvature(point, { field: point.field, jet });
  });
});

describe('curvatureAt the known manifolds of golden 03', () => {
  it.each(knownPoints)('reproduces $name', (point) => {
    const jet = metricTwoJet(point.field, point.x);
    for (const key of ['g', 'dg', 'ddg'] as const) expectClose(jet[key], point.input(key), point.tolerance);
    expectCurvature(point, point);
    expectDirections(point, point.field);
    expectClose(volumeElement(point.field.at(point.x)), point.output('volume_element'), point.tolerance);
    const sectional = sectionalCurvature(point.field, point.x, point.input('u'), point.input('v'));
    expectClose(sectional, point.output('sectional_uv'), point.tolerance);
  });
});

describe('curvatureAt the networks of golden 04', () => {
  it.each(neuralPoints)('reproduces $name', (point) => {
    const jet = metricTwoJet(point.field, point.x);
    for (const key of ['g', 'dg', 'ddg'] as const) expectClose(jet[key], point.output(key), point.tolerance);
    expectClose(jet.halfLogDet, point.output('half_logdet'), point.tolerance);
    expectCurvature(point, point);
    expectDirections(point, point.field);
  });
});

describe('the directional form', () => {
  const lowRank = lowRankField(seededNetwork(3, { inputs: 5, hidden: 7, outputs: 15 }), { rank: 2 });
  const factored = factoredField(seededNetwork(4, { inputs: 5, hidden: 7, outputs: 7 }), {
    base: Float64Array.of(0.1, 0.2, 0.3, 0.25, 0.4),
    exponents: normals(5)(15),
    directions: normals(6)(10),
    basis: 3,
    rank: 2,
  });
  const dense = choleskyField(seededNetwork(7, { inputs: 4, hidden: 6, outputs: 10 }), { epsilon: 0.05 });
  const fields: [string, MetricField][] = [
    ['T2', lowRank],
    ['T2f', factored],
    ['T3', dense],
    ['S^6', stereographicSphere(6)],
  ];

  it.each(fields)('agrees with the tensor to 1e-10 on %s', (_, field) => {
    const draw = normals(8);
    const d = field.dimension;
    for (let round = 0; round < 3; round++) {
      const [x, u, v, w] = [0.4, 1, 1, 1].map((scale) => draw(d).map((entry) => entry * scale));
      const { riemann, christoffel } = curvatureAt(field, x);
      expectClose(directionalRm(field, x, u, v), riemannUvuv(riemann, u, v), { abs: 1e-10, rel: 1e-10 });
      expectClose(connectionTerm(field, x, u, w), connectionProduct(christoffel, u, w), { abs: 1e-10, rel: 1e-10 });
    }
  });

  it.each(fields)('has one metric at a point, by matrix, products and at, on %s', (_, field) => {
    const draw = normals(9);
    const d = field.dimension;
    const [x, w] = [draw(d), draw(d)];
    const { g } = metricTwoJet(field, x);
    expectClose(field.at(x).toDense(), g, { abs: 1e-12, rel: 1e-12 });
    expectClose(field.at(x).multiply(w), w.map((_entry, i) => w.reduce((sum, entry, j) => sum + entry * g[i * d + j], 0)), { abs: 1e-12 }); // prettier-ignore
    expect(squaredLength(field.at(x), w)).toBeGreaterThan(0);
  });

  it('has constant sectional curvature on spheres and hyperbolic spaces of any dimension', () => {
    const draw = normals(10);
    for (const d of [2, 3, 8]) {
      const [u, v] = [draw(d), draw(d)];
      const x = draw(d).map((entry) => entry * 0.2);
      expectClose(sectionalCurvature(stereographicSphere(d, 1.5), x, u, v), 1 / 2.25, { abs: 1e-12 });
      expectClose(sectionalCurvature(hyperbolicBall(d), x, u, v), -1, { abs: 1e-11 });
      x[d - 1] = 0.8;
      expectClose(sectionalCurvature(hyperbolicHalfSpace(d), x, u, v), -1, { abs: 1e-11 });
    }
  });

  it('refuses vectors that span no plane, and points of another dimension', () => {
    expect(() => sectionalCurvature(torus(2, 1), [0.1, 0.2], [1, 2], [2, 4])).toThrow(
      'sectionalFrom: u, v: expected vectors that span a plane',
    );
    expect(() => directionalRm(torus(2, 1), [0.1], [1, 2], [2, 4])).toThrow('directionalJet: x: expected 2 entries [2], got 1');
    expect(() => directionalRm(torus(2, 1), [0.1, Number.NaN], [1, 2], [2, 4])).toThrow('x[1]: expected a finite number, got NaN');
  });
});

describe('raiseRiemann', () => {
  it('raises indices so that contracting them gives norm and scalar', () => {
    const jet = metricTwoJet(goldenField(neural[1]), [0.37, 0.567, -0.65]);
    const { riemann, riemannSquared, scalar } = curvatureOf(jet);
    const up = raiseRiemann(jet, riemann, 'uuuu');
    const mixed = raiseRiemann(jet, riemann, 'uudd');
    expectClose(up.reduce((sum, entry, at) => sum + entry * riemann[at], 0), riemannSquared, { rel: 1e-11 }); // prettier-ignore
    let trace = 0;
    for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) trace += mixed[((i * 3 + j) * 3 + i) * 3 + j];
    expectClose(trace, scalar, { rel: 1e-11 });
  });

  it('has the symmetries of a curvature tensor', () => {
    const d = 3;
    const { riemann: R } = curvatureAt(goldenField(neural[1]), [0.1, 0.2, 0.3]);
    const at = (i: number, j: number, k: number, l: number) => R[((i * d + j) * d + k) * d + l];
    let worst = 0;
    for (let i = 0; i < d; i++)
      for (let j = 0; j < d; j++)
        for (let k = 0; k < d; k++)
          for (let l = 0; l < d; l++)
            worst = Math.max(
              worst,
              Math.abs(at(i, j, k, l) + at(j, i, k, l)),
              Math.abs(at(i, j, k, l) - at(k, l, i, j)),
              Math.abs(at(i, j, k, l) + at(i, k, l, j) + at(i, l, j, k)),
            );
    expect(worst).toBeLessThan(1e-9);
  });
});
