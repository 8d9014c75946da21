import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import {
  closedPolygon,
  constantField,
  ellipse,
  gaussBonnet,
  geodesic,
  holonomy,
  holonomyAngle,
  hyperbolicBall,
  parallelTransport,
  polygonRegion,
  squaredLength,
  stereographicSphere,
  straightCurve,
} from '../src/index.ts';
import { solveBlockTridiagonal } from '../src/geodesics/block-tridiagonal.ts';
import { goldenField } from './networks.ts';

describe('parallelTransport', () => {
  it('keeps the length of a vector', () => {
    const field = goldenField('tanh_mlp_cholesky_3d');
    const [p, q, v] = [[-0.2, 0.1, 0.3], [0.5, 0.6, -0.1], [1, -0.4, 0.2]]; // prettier-ignore
    const moved = parallelTransport(field, straightCurve(p, q), v, { steps: 100 });
    const before = squaredLength(field.at(Float64Array.from(p)), Float64Array.from(v));
    expectClose(squaredLength(field.at(Float64Array.from(q)), moved), before, { rel: 1e-8 });
  });

  it('keeps the velocity of a geodesic: a meridian of the sphere', () => {
    const sphere = stereographicSphere(2);
    const end = geodesic(sphere, { x: Float64Array.of(0.2, 0.1), v: Float64Array.of(0.4, 0.2) }, { steps: 200 })[200];
    const moved = parallelTransport(sphere, straightCurve([0.2, 0.1], end.x), [0.4, 0.2]);
    expectClose(moved, end.v, { abs: 1e-9 });
  });

  it('refuses a curve of another dimension', () => {
    expect(() => parallelTransport(stereographicSphere(3), straightCurve([0, 0], [1, 1]), [1, 0, 0])).toThrow(
      'curve: curve: expected a map from 1 to 3 numbers, got 1 to 2',
    );
  });
});

describe('holonomy', () => {
  it('is the identity on a flat metric', () => {
    const flat = constantField(Float64Array.of(2, 0.5, 0.5, 1), 2);
    expectClose(holonomy(flat, closedPolygon([[0, 0], [1, 0], [0, 2]]), { steps: 5 }), [1, 0, 0, 1], { abs: 1e-14 }); // prettier-ignore
  });

  it('refuses pieces that do not close', () => {
    expect(() => holonomy(stereographicSphere(2), [straightCurve([0, 0], [1, 0])])).toThrow(
      'an end where the next piece starts, got a gap of 1',
    );
  });
});

describe('holonomyAngle', () => {
  it('is the area of a cap of the sphere, and minus that of a hyperbolic disc', () => {
    const circle = [ellipse([0, 0], [0.3, 0.3])];
    expectClose(holonomyAngle(stereographicSphere(2), circle), 4 * Math.PI * Math.sin(Math.atan(0.3)) ** 2, { abs: 1e-8 });
    expectClose(holonomyAngle(hyperbolicBall(2), circle), -4 * Math.PI * Math.sinh(Math.atanh(0.3)) ** 2, { abs: 1e-8 });
  });

  it('is the integral of the curvature inside on a network metric', () => {
    const field = goldenField('tanh_mlp_cholesky_2d');
    const corners = [[0, 0], [0.5, 0.05], [0.15, 0.5]] as const; // prettier-ignore
    const { curvature } = gaussBonnet(field, polygonRegion(corners));
    expectClose(holonomyAngle(field, closedPolygon(corners), { steps: 100 }), curvature, { abs: 1e-7 });
  });
});

describe('solveBlockTridiagonal', () => {
  it('solves what the blocks multiply', () => {
    const diagonal = [Float64Array.of(4, 1, 1, 3), Float64Array.of(5, 0, 0, 4), Float64Array.of(6, 1, 1, 5)];
    const below = [Float64Array.of(1, 0.5, -0.3, 0.2), Float64Array.of(0.1, 1, 0.4, -1)];
    const x = Float64Array.of(1, -2, 0.5, 3, -1, 2);
    const b = new Float64Array(6);
    const accumulate = (row: number, column: number, block: Float64Array, transpose: boolean) => {
      for (let i = 0; i < 2; i++)
        for (let j = 0; j < 2; j++) b[2 * row + i] += block[transpose ? j * 2 + i : i * 2 + j] * x[2 * column + j];
    };
    diagonal.forEach((block, k) => accumulate(k, k, block, false));
    below.forEach((block, k) => {
      accumulate(k + 1, k, block, false);
      accumulate(k, k + 1, block, true);
    });
    expectClose(solveBlockTridiagonal({ size: 2, diagonal, below }, b), x, { abs: 1e-14 });
    expect(() => solveBlockTridiagonal({ size: 2, diagonal, below: [] }, b)).toThrow('below: expected 2 blocks, got 0');
  });
});
