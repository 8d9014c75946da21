import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import {
  cos,
  curvatureAt,
  exp,
  gaussRm,
  imageOf,
  immersionAt,
  immersionScalar,
  immersionSectional,
  isometryDefect,
  jacobian,
  Jet,
  constantField,
  directionalRm,
  logVolumeFactor,
  metricTwoJet,
  pullBackField,
  secondFormOf,
  sectionalCurvature,
  sin,
  square,
  stereographicSphere,
  volumeDistortion,
  type SmoothMap,
} from '../src/index.ts';
import { goldenPoints } from './golden-points.ts';
import { goldenField, seededNetwork } from './networks.ts';
import { normals } from './seeded.ts';

const file = '05_geodesics_pullback';
const plane = constantField(Float64Array.of(1, 0, 0, 1), 2);

/** y0 = x0, y1 = x1 exp(sin(x0) / 2) + x0^2 / 4. */
const chart: SmoothMap = {
  inputs: 2,
  outputs: 2,
  evaluate: (x) => {
    const [a, b] = [x.slice(0), x.slice(1)];
    return Jet.concat([a, b.multiply(exp(sin(a).scale(0.5))).plus(square(a).scale(0.25))]);
  },
};

/** F = (cos a (2 + sin b / 2), sin a (2 + sin b / 2), cos b, a b / 3). */
const surface: SmoothMap = {
  inputs: 2,
  outputs: 4,
  evaluate: (x) => {
    const [a, b] = [x.slice(0), x.slice(1)];
    const reach = sin(b).scale(0.5).plus(2);
    return Jet.concat([cos(a).multiply(reach), sin(a).multiply(reach), cos(b), a.multiply(b).scale(1 / 3)]);
  },
};

describe('pullBackField against golden 05', () => {
  const sphere = stereographicSphere(2);
  const pulled = pullBackField(chart, sphere);
  it.each(goldenPoints(file, 'pullback_of_sphere_through_coupling_chart'))('keeps the scalar curvature 2 at $name', (point) => {
    const { x, tolerance } = point;
    expectClose(imageOf(chart, x), point.output('y'), tolerance);
    expectClose(jacobian(chart, x), point.output('J'), tolerance);
    const curvature = curvatureAt(pulled, x);
    expectClose(metricTwoJet(pulled, x).g, point.output('pullback'), tolerance);
    expectClose(curvature.scalar, point.output('scalar'), tolerance);
    expectClose(curvature.christoffel, point.output('christoffel'), tolerance);
    expectClose(logVolumeFactor(chart, x), point.output('log_abs_det_J'), tolerance);
    expectClose(pulled.at(x).logDet() / 2, point.output('half_logdet_pullback'), tolerance);
    const distortion = volumeDistortion(chart, { source: plane, target: sphere }, x);
    expectClose(distortion, point.output('volume_distortion_vs_identity'), tolerance);
  });
});

describe('pullBackField', () => {
  it('keeps the curvature of a network metric, also through two charts', () => {
    const field = goldenField('tanh_mlp_cholesky_2d');
    const [x, u, v] = [[0.4, -0.3], [1, 0.2], [-0.3, 0.9]]; // prettier-ignore
    const twice = pullBackField(chart, pullBackField(chart, field));
    const y = imageOf(chart, imageOf(chart, x));
    expectClose(sectionalCurvature(twice, x, u, v), sectionalCurvature(field, y, [1, 0], [0, 1]), { rel: 1e-10 });
  });

  it('is an isometry onto its target, of no defect and no distortion', () => {
    const target = stereographicSphere(2);
    const metrics = { source: pullBackField(chart, target), target };
    expectClose(isometryDefect(chart, metrics, [0.4, -0.3], [1, 2]), 0, { abs: 1e-28 });
    expectClose(volumeDistortion(chart, metrics, [0.4, -0.3]), 0, { abs: 1e-14 });
    expect(isometryDefect(chart, { source: plane, target }, [0.4, -0.3], [1, 2])).toBeGreaterThan(0.1);
  });

  it('refuses a target of another dimension', () => {
    expect(() => pullBackField(surface, stereographicSphere(2))).toThrow('pullBackField: target: expected dimension 4, got 2');
  });
});

describe('immersionAt against golden 05', () => {
  it.each(goldenPoints(file, 'immersion_R2_R4_gauss_equation'))('reproduces $name', (point) => {
    const { x, tolerance } = point;
    const immersion = immersionAt(surface, x);
    expectClose(immersion.jacobian, point.input('J'), tolerance);
    const jet = surface.evaluate(Jet.at(x, 2));
    const second = [0, 1, 2, 3].flatMap((a) => [0, 1, 2, 3].map((pair) => jet.derivative(pair >> 1, pair & 1)[a]));
    expectClose(second, point.input('second_derivatives'), tolerance);
    expectClose(immersion.metric.toDense(), point.output('g'), tolerance);
    expectClose(immersion.secondForm, point.output('second_fundamental_form'), tolerance);
    expectClose(immersionSectional(immersion, [1, 0], [0, 1]), point.output('gauss_curvature'), tolerance);
    expectClose(immersionScalar(immersion), point.output('scalar'), tolerance);
    expectClose(immersion.meanCurvature, point.output('mean_curvature_vector'), tolerance);
    expectClose(immersion.secondFormSquared, point.output('II_norm2'), tolerance);
    expectClose(curvatureAt(pullBackField(surface), x).scalar, point.output('scalar'), tolerance);
  });
});

describe('immersionAt', () => {
  const network = seededNetwork(41, { inputs: 3, hidden: 6, outputs: 7 });
  it('satisfies the equation of Gauss on a network: curvature from bending is curvature from the metric', () => {
    const draw = normals(42);
    const [x, u, v] = [draw(3), draw(3), draw(3)];
    const field = pullBackField(network);
    const immersion = immersionAt(network, x);
    expectClose(gaussRm(immersion, u, v), directionalRm(field, x, u, v), { abs: 1e-11, rel: 1e-10 });
    expectClose(immersionScalar(immersion), curvatureAt(field, x).scalar, { abs: 1e-10, rel: 1e-10 });
  });

  it('has a second form normal to the image', () => {
    const immersion = immersionAt(network, [0.1, 0.2, -0.3]);
    const normal = secondFormOf(immersion, [1, 0, 2], [0, 1, -1]);
    for (let i = 0; i < 3; i++)
      expectClose(
        normal.reduce((sum, entry, a) => sum + entry * immersion.jacobian[a * 3 + i], 0),
        0,
        { abs: 1e-13 },
      );
    expect(() => secondFormOf(immersion, [1], [0, 1, -1])).toThrow('secondFormOf: u: expected 3 entries [3], got 1');
  });
});
