import { expectClose, flat, loadGolden } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import {
  constantField,
  exponentialJet,
  exponentialMap,
  geodesic,
  geodesicDistance,
  geodesicPath,
  hamiltonian,
  hamiltonianRates,
  hamiltonianSystem,
  hyperbolicHalfSpace,
  integrate,
  logarithmMap,
  measurePath,
  pathDerivatives,
  pointAlong,
  speedOf,
  sphericalSphere,
  squaredLength,
  stereographicSphere,
  type IntegratorName,
} from '../src/index.ts';
import { goldenPoints } from './golden-points.ts';
import { goldenField } from './networks.ts';
import { normals } from './seeded.ts';

const file = '05_geodesics_pullback';
const { cases } = loadGolden(file);
const sphere = stereographicSphere(2);
const halfPlane = hyperbolicHalfSpace(2);
const plane = constantField(Float64Array.of(1, 0, 0, 1), 2);

describe('exponentialMap against golden 05', () => {
  it.each(goldenPoints(file, 'sphere_stereographic_exp', 'x0'))('follows the great circle of $name', (point) => {
    const start = { x: point.x, v: point.input('v0') };
    const [time] = point.input('T');
    const exact = point.output('x_T_exact');
    expectClose(speedOf(sphere, start), point.output('speed'), { abs: 1e-12 });
    const end = exponentialMap(sphere, start, { time, steps: 200 });
    expectClose(end, exact, { abs: cases.sphere_stereographic_exp.tol.rk4_200_vs_exact });
    expectClose(end, point.output('rk4_200'), point.tolerance);
    expectClose(exponentialMap(sphere, start, { time, steps: 20 }), point.output('rk4_20'), point.tolerance);
    const last = geodesic(sphere, start, { time, steps: 200 })[200];
    expectClose(speedOf(sphere, last) ** 2, point.output('energy_T'), point.tolerance);
    expectClose(speedOf(sphere, start) * time, point.output('geodesic_distance'), point.tolerance);
  });
});

describe('geodesicPath against golden 05', () => {
  it.each(goldenPoints(file, 'hyperbolic_half_plane_distance', 'p'))('measures the chord of $name', (point) => {
    const [p, q, N] = [point.x, point.input('q'), 16];
    const chord = Float64Array.from({ length: 2 * (N + 1) }, (_, at) => p[at % 2] + (Math.floor(at / 2) / N) * (q[at % 2] - p[at % 2]));
    const { energy, length } = measurePath(halfPlane, chord);
    expectClose(energy, point.output('chord_energy'), { abs: 1e-11 });
    expectClose(length, point.output('chord_length'), { abs: 1e-11 });
    expect(Math.sqrt(2 * energy)).toBeGreaterThanOrEqual(length);
  });

  it.each(goldenPoints(file, 'hyperbolic_discrete_geodesic_N16', 'p'))('finds the least energy of $name', (point) => {
    const { tol } = cases.hyperbolic_discrete_geodesic_N16;
    const path = geodesicPath(halfPlane, point.x, point.input('q'), { segments: 16 });
    expect(path.converged).toBe(true);
    expectClose(path.energy, point.output('min_energy'), { rel: tol.energy_rel });
    expectClose(path.distance, point.output('length_from_energy'), { rel: tol.energy_rel });
    expectClose(path.distance, point.output('exact_distance'), { rel: tol.length_vs_exact_rel });
    expectClose(pointAlong(path, 0.5), point.output('midpoint_of_path'), { abs: tol.midpoint_abs });
  });

  it.each(goldenPoints(file, 'hyperbolic_half_plane_distance', 'p'))('nears the exact distance of $name', (point) => {
    const q = point.input('q');
    const exact = Math.acosh(1 + ((point.x[0] - q[0]) ** 2 + (point.x[1] - q[1]) ** 2) / (2 * point.x[1] * q[1]));
    expectClose(exact, point.output('distance'), { abs: 1e-11 });
    expectClose(geodesicDistance(plane, point.x, q, { segments: 1 }), point.output('euclid'), { abs: 1e-11 });
    expectClose(geodesicDistance(halfPlane, point.x, q, { segments: 64 }), exact, {
      rel: cases.hyperbolic_half_plane_distance.tol.bvp_solver_rel,
    });
    const start = logarithmMap(halfPlane, point.x, q);
    expectClose(Math.sqrt(squaredLength(halfPlane.at(point.x), start)), exact, { rel: 1e-7 });
  });
});

describe('hamiltonianRates against golden 05', () => {
  it('gives the rates in the half plane', () => {
    const { inputs, outputs, tol } = cases.hamiltonian_rhs_half_plane;
    const state = { x: Float64Array.from(flat(inputs.x)), p: Float64Array.from(flat(inputs.p)) };
    const rates = hamiltonianRates(halfPlane, state);
    expectClose(rates.x, flat(outputs.xdot), tol);
    expectClose(rates.p, flat(outputs.pdot), tol);
    expectClose(hamiltonian(halfPlane, state), flat(outputs.H), tol);
  });
});

describe('integrate', () => {
  const start = Float64Array.of(0, 1, 0.6, 0.8); // unit speed in the half plane
  const drift = (method: IntegratorName) => {
    const states = integrate(hamiltonianSystem(halfPlane), start, 3, { steps: 50, method });
    return Math.max(...states.map((y) => Math.abs(hamiltonian(halfPlane, { x: y.slice(0, 2), p: y.slice(2) }) / 0.5 - 1)));
  };

  it('keeps the energy over length 3 in the hyperbolic plane: RK4 far better than implicit midpoint', () => {
    expect(drift('rk4')).toBeLessThan(1e-6);
    expect(drift('implicit-midpoint')).toBeLessThan(2e-3);
  });

  it('agrees between the two forms and the two methods', () => {
    const { x, v } = geodesic(halfPlane, { x: start.slice(0, 2), v: start.slice(2) }, { steps: 400 })[400];
    const phase = integrate(hamiltonianSystem(halfPlane), start, 1, { steps: 400 })[400];
    expectClose(phase.slice(0, 2), x, { abs: 1e-9 });
    expectClose(phase.slice(2), halfPlane.at(x).multiply(v), { abs: 1e-9 });
    const midpoint = exponentialMap(halfPlane, { x: start.slice(0, 2), v: start.slice(2) }, { steps: 400, method: 'implicit-midpoint' });
    expectClose(midpoint, x, { abs: 1e-5 });
  });

  it('has order 2 by implicit midpoint and 4 by RK4', () => {
    const begin = { x: Float64Array.of(0.3, -0.4), v: Float64Array.of(0.5, 0.2) };
    const exact = Float64Array.from(flat(cases.sphere_stereographic_exp.outputs.x_T_exact)).slice(0, 2);
    const error = (method: IntegratorName, steps: number) =>
      Math.hypot(...exponentialMap(sphere, begin, { method, steps }).map((entry, i) => entry - exact[i]));
    expectClose(Math.log2(error('rk4', 10) / error('rk4', 20)), 4, { abs: 0.4 });
    expectClose(Math.log2(error('implicit-midpoint', 10) / error('implicit-midpoint', 20)), 2, { abs: 0.2 });
  });

  it('says when the step is too long for implicit midpoint, or the steps are none', () => {
    const wild = (y: Float64Array) => y.map((entry) => -50 * entry);
    expect(() => integrate(wild, Float64Array.of(1), 1, { steps: 1, method: 'implicit-midpoint' })).toThrow('take more steps');
    expect(() => integrate(wild, Float64Array.of(1), 1, { steps: 0 })).toThrow('integrate: steps: expected a whole number of at least 1');
  });
});

describe('pathDerivatives', () => {
  it('agree with finite differences', () => {
    const field = goldenField('tanh_mlp_cholesky_2d');
    const path = normals(31)(10).map((entry, i) => 0.3 * entry + Math.floor(i / 2) * 0.3);
    const { gradient, hessian } = pathDerivatives(field, path);
    const h = 1e-5;
    const shifted = (at: number, by: number) => path.map((entry, i) => (i === at + 2 ? entry + by : entry));
    for (let at = 0; at < gradient.length; at++) {
      const [above, below] = [shifted(at, h), shifted(at, -h)];
      expectClose(gradient[at], (measurePath(field, above).energy - measurePath(field, below).energy) / (2 * h), { abs: 1e-7, rel: 1e-7 });
      const [up, down] = [pathDerivatives(field, above).gradient, pathDerivatives(field, below).gradient];
      const column = up.map((entry, i) => (entry - down[i]) / (2 * h));
      const [block, j] = [Math.floor(at / 2), at % 2];
      expectClose([hessian.diagonal[block][j], hessian.diagonal[block][2 + j]], column.slice(2 * block, 2 * block + 2), {
        abs: 1e-6,
        rel: 1e-6,
      });
      if (block < 2)
        expectClose([hessian.below[block][j], hessian.below[block][2 + j]], column.slice(2 * block + 2, 2 * block + 4), {
          abs: 1e-6,
          rel: 1e-6,
        });
    }
  });
});

describe('geodesicPath', () => {
  it('stays where both ends are one point', () => {
    expect(geodesicPath(sphere, [0.3, 0.1], [0.3, 0.1])).toMatchObject({ distance: 0, converged: true });
  });

  it('is straight where the metric is constant, and solved in one step', () => {
    const field = constantField(Float64Array.of(2, 0.5, 0.5, 1), 2);
    const path = geodesicPath(field, [0, 0], [3, 4], { segments: 5, iterations: 3 });
    expectClose(path.distance, Math.sqrt(2 * 9 + 12 + 16), { rel: 1e-12 });
    expectClose(pointAlong(path, 0.3), [0.9, 1.2], { abs: 1e-12 });
  });

  it('has its points at equal distances', () => {
    const { points, distance } = geodesicPath(halfPlane, [-1, 0.5], [2, 0.5], { segments: 32 });
    for (let k = 0; k < 32; k++) {
      const { length } = measurePath(halfPlane, points.slice(2 * k, 2 * k + 4));
      expectClose(length, distance / 32, { rel: 1e-2 });
    }
  });

  it('starts from a given path and keeps the ends', () => {
    const first = geodesicPath(sphere, [0, 0], [0.8, 0.1]);
    const again = geodesicPath(sphere, [0, 0], [0.8, 0.1], { start: first.points, iterations: 1 });
    expectClose(again.energy, first.energy, { rel: 1e-12 });
    expectClose(again.points, first.points, { abs: 1e-7 });
  });

  it('finds paths on a network metric no longer than the straight line', () => {
    const field = goldenField('tanh_mlp_cholesky_3d');
    const { energy, converged, points } = geodesicPath(field, [-1, 0.5, 1], [0.8, -0.5, -1], { segments: 24 });
    const straight = points.map(
      (_, at) => [-1, 0.5, 1][at % 3] + (Math.floor(at / 3) / 24) * ([0.8, -0.5, -1][at % 3] - [-1, 0.5, 1][at % 3]),
    );
    expect(converged).toBe(true);
    expect(energy).toBeLessThan(measurePath(field, straight).energy);
    const gradient = pathDerivatives(field, points).gradient;
    expect(Math.max(...gradient.map(Math.abs))).toBeLessThan(1e-5 * energy);
  });

  it('refuses no segments, and shares outside 0 to 1', () => {
    expect(() => geodesicPath(sphere, [0, 0], [1, 0], { segments: 0 })).toThrow('segments: expected a whole number of at least 1, got 0');
    expect(() => pointAlong(geodesicPath(sphere, [0, 0], [1, 0]), 1.2)).toThrow('pointAlong: t: expected a number from 0 to 1, got 1.2');
  });
});

describe('exponentialJet', () => {
  const field = goldenField('tanh_mlp_cholesky_3d');
  const start = { x: Float64Array.of(0.37, 0.567, -0.65), v: Float64Array.of(0.2, 0.1, -0.3) };

  it('ends where the exponential map does, with its derivative by the velocity', () => {
    const { end, jacobian } = exponentialJet(field, start, { steps: 20 });
    expectClose(end, exponentialMap(field, start, { steps: 20 }), { abs: 1e-12 });
    const h = 1e-5;
    for (let j = 0; j < 3; j++) {
      const [above, below] = [h, -h].map((by) => {
        const v = start.v.map((entry, i) => (i === j ? entry + by : entry));
        return exponentialMap(field, { x: start.x, v }, { steps: 20 });
      });
      const column = above.map((entry, i) => (entry - below[i]) / (2 * h));
      expectClose(column, [jacobian[j], jacobian[3 + j], jacobian[6 + j]], { abs: 1e-8 });
    }
  });

  it('has Jacobi fields of length sin t / t on the unit sphere, across the geodesic', () => {
    const [x, t] = [Float64Array.of(0, 0), 1.2];
    const { end, jacobian } = exponentialJet(sphere, { x, v: Float64Array.of(t / 2, 0) });
    const across = squaredLength(sphere.at(end), Float64Array.of(jacobian[1], jacobian[3]));
    expectClose(Math.sqrt(across), (2 * Math.sin(t)) / t, { abs: 1e-8 }); // a unit of v across has length 2 at the pole
  });

  it('refuses no steps', () => {
    expect(() => exponentialJet(sphere, start, { steps: 0 })).toThrow(
      'exponentialJet: steps: expected a whole number of at least 1, got 0',
    );
  });
});

describe('logarithmMap', () => {
  it('inverts the exponential map on a sphere and on a network metric', () => {
    for (const [field, x, v] of [
      [sphere, [0.3, -0.4], [0.5, 0.2]],
      [sphericalSphere(), [1.1, 0.2], [0.4, 0.7]],
      [goldenField('tanh_mlp_cholesky_3d'), [0.37, 0.567, -0.65], [0.2, 0.1, -0.3]],
    ] as const) {
      const start = { x: Float64Array.from(x), v: Float64Array.from(v) };
      const end = exponentialMap(field, start, { steps: 30 });
      expectClose(logarithmMap(field, x, end, { steps: 30 }), v, { abs: 1e-8 });
      expectClose(logarithmMap(field, x, end, { shots: 0, segments: 64 }), v, { abs: 5e-3 });
    }
  });

  it('says when the shots do not arrive', () => {
    expect(() => logarithmMap(sphere, [0, 0], [0.9, 0.9], { shots: 1 })).toThrow('logarithmMap: shots: expected an end within 1e-10 of y');
  });
});
