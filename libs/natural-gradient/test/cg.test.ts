import { describe, expect, it } from 'vitest';
import { expectClose } from '@geodesic/testing';
import { createCg } from '../src/descent/cg.ts';
import type { Curvature } from '../src/curvature/curvature.ts';
import { NegativeCurvatureError, NonFiniteError } from '../src/errors.ts';
import { denseSolve } from './dense-solve.ts';
import { totalsOf } from './drive.ts';
import { applied, drive, inputOf, outerOf, productsOf, rowsOf } from './fisher-problem.ts';
import { numbers } from './fixtures.ts';

const config = { iterations: 200, tolerance: 1e-12, progress: 0, warmStart: 0, preconditioner: null };
const cadence = { layers: ['all'], factorDecay: 0, statisticsEvery: 3, inverseEvery: 2 };
const [n, count] = [24, 60];
const matrix = outerOf(rowsOf(1, count, n), n);
const mean = matrix.map((entry) => entry / count);
const gradient = numbers(2, n);
const exact = denseSolve(mean, gradient, 1e-2);

/** A curvature that is a known matrix: solves by elimination. */
function known(dense: Float64Array, calls: string[] = []): Curvature {
  return {
    size: n,
    initialState: () => ({ ready: Float64Array.of(0), seen: Float64Array.of(0), damping: Float64Array.of(0) }),
    absorb: (state, { step }) => (calls.push(`absorb ${step}`), { ...state, seen: Float64Array.of(1) }),
    isKnown: (state) => state['seen'][0] === 1,
    isReady: (state) => state['ready'][0] === 1,
    moved: () => 0,
    refresh: (state, { step, damping }) => (
      calls.push(`refresh ${step}`),
      { ...state, ready: Float64Array.of(1), damping: Float64Array.of(damping) }
    ),
    solve: (state, v) => denseSolve(dense, v, state['damping'][0]),
    multiply: (_state, v) => applied(dense, v),
    toDense: () => dense,
    report: () => [{ layer: 'all', curvature: 'known', staleness: 0, moved: 0, bytes: 0, fallbacks: 0, clamped: 0, kept: 0 }],
  };
}

describe('createCg', () => {
  it('equals the dense solve of (F + lambda I) d = g', () => {
    const cg = createCg(config, { size: n });
    const { result, requests } = drive(cg.direction(cg.initialState(), inputOf(gradient, 1e-2)), productsOf(matrix, count));
    expectClose(result.direction, exact, { rel: 1e-9, abs: 1e-10 });
    expect(result.report['iterations']).toBe(requests.length);
    expect(result.report['residual']).toBeLessThanOrEqual(1e-12);
    expect(requests.map(({ index }) => index)).toEqual(requests.map((_, i) => i));
  });

  it.each([1, 3, 7])('ends within r + 1 iterations on a matrix of rank r = %i', (rank) => {
    const low = outerOf(rowsOf(3, rank, n), n);
    const cg = createCg({ ...config, tolerance: 1e-9 }, { size: n });
    const { result } = drive(cg.direction(cg.initialState(), inputOf(gradient, 1e-3)), productsOf(low, rank));
    expect(result.report['iterations']).toBeLessThanOrEqual(rank + 1);
    expectClose(
      result.direction,
      denseSolve(
        low.map((entry) => entry / rank),
        gradient,
        1e-3,
      ),
      { rel: 1e-7, abs: 1e-6 },
    );
  });

  it('takes n iterations for n parameters where the condition is 1e8', () => {
    const graded = outerOf(
      rowsOf(4, count, n, (column) => 10 ** ((-4 * column) / (n - 1))),
      n,
    );
    const cg = createCg({ ...config, tolerance: 1e-14 }, { size: n });
    const truth = numbers(5, n);
    const right = applied(
      graded.map((entry) => entry / count),
      truth,
    );
    const { result } = drive(cg.direction(cg.initialState(), inputOf(right, 0)), productsOf(graded, count));
    expect(result.report['iterations']).toBeLessThanOrEqual(n);
    expectClose(result.direction, truth, { abs: 1e-7 });
  });

  it('ends after one iteration where the preconditioner is the inverse', () => {
    const cg = createCg({ ...config, preconditioner: cadence }, { size: n, preconditioner: known(mean) });
    const { result } = drive(cg.direction(cg.initialState(), inputOf(gradient, 1e-2)), productsOf(matrix, count));
    expect(result.report['iterations']).toBe(1);
    expectClose(result.direction, exact, { rel: 1e-9, abs: 1e-11 });
    expect(result.layers.map(({ curvature }) => curvature)).toEqual(['known']);
  });

  it('refreshes and feeds its preconditioner at their cadences, and anew when it is told to', () => {
    const calls: string[] = [];
    const cg = createCg({ ...config, preconditioner: cadence }, { size: n, preconditioner: known(mean, calls) });
    let state = cg.initialState();
    for (const step of [1, 2, 3, 4]) {
      if (cg.statisticsDue(step, state)) state = cg.absorb(state, { step, count, statistics: new Map() });
      state = drive(cg.direction(state, inputOf(gradient, 1e-2, { step })), productsOf(matrix, count)).result.state;
    }
    drive(cg.direction(state, inputOf(gradient, 1e-2, { step: 6, refresh: true })), productsOf(matrix, count));
    expect(calls).toEqual(['absorb 1', 'refresh 1', 'refresh 3', 'absorb 4', 'refresh 6']);
    expect(Object.keys(state).toSorted()).toEqual(Object.keys(cg.initialState()).toSorted());
  });

  it('starts from zeta times the last solution, at the cost of one product', () => {
    const cg = createCg({ ...config, tolerance: 1e-10, warmStart: 1 }, { size: n });
    const first = drive(cg.direction(cg.initialState(), inputOf(gradient, 1e-2)), productsOf(matrix, count)).result;
    const again = drive(cg.direction(first.state, inputOf(gradient, 1e-2)), productsOf(matrix, count));
    expect(again.result.report).toMatchObject({ iterations: 0, products: 1 });
    const near = gradient.map((entry, i) => entry + 1e-6 * Math.sin(i));
    const warm = drive(cg.direction(first.state, inputOf(near, 1e-2)), productsOf(matrix, count)).result;
    const cold = drive(cg.direction(cg.initialState(), inputOf(near, 1e-2)), productsOf(matrix, count)).result;
    expect(warm.report['iterations']).toBeLessThan(cold.report['iterations']);
    expectClose(warm.direction, denseSolve(mean, near, 1e-2), { rel: 1e-7, abs: 1e-8 });
  });

  it('drops a first guess that is worse than none', () => {
    const cg = createCg({ ...config, tolerance: 1e-10, warmStart: 1 }, { size: n });
    const state = { solution: exact.map((entry) => -entry) };
    const { result } = drive(cg.direction(state, inputOf(gradient, 1e-2)), productsOf(matrix, count));
    const cold = drive(cg.direction(cg.initialState(), inputOf(gradient, 1e-2)), productsOf(matrix, count)).result;
    expect(result.direction).toEqual(cold.direction);
    expect(result.report['products']).toBe(cold.report['products'] + 1);
  });

  it('never raises the quadratic, and stops where it makes no progress', () => {
    const graded = outerOf(
      rowsOf(6, count, n, (column) => 10 ** (-column / 4)),
      n,
    );
    const [lambda, right] = [1e-12, numbers(7, n)];
    const at = (iterations: number, progress: number) => {
      const cg = createCg({ ...config, iterations, tolerance: 1e-15, progress }, { size: n });
      return drive(cg.direction(cg.initialState(), inputOf(right, lambda)), productsOf(graded, count)).result;
    };
    const phi = (d: Float64Array): number =>
      applied(graded, d).reduce((sum, entry, i) => sum + (entry * d[i]) / (2 * count) + (lambda * d[i] ** 2) / 2 - right[i] * d[i], 0);
    const values = Array.from({ length: 16 }, (_, i) => phi(at(i, 0).direction));
    for (let i = 1; i < values.length; i++) expect(values[i]).toBeLessThanOrEqual(values[i - 1]);
    expect(at(200, 0.2).report['iterations']).toBeLessThan(at(200, 0).report['iterations']);
  });

  it('solves to the precision of float32 sums when vectors travel as float32', () => {
    const cg = createCg({ ...config, tolerance: 1e-6 }, { size: n });
    const { result, requests } = drive(
      cg.direction(cg.initialState(), inputOf(gradient, 1e-2, { precision: 'float32' })),
      productsOf(matrix, count, 'float32'),
    );
    expect(requests[0].vectors!['direction']).toBeInstanceOf(Float32Array);
    expect(result.report['iterations']).toBeLessThanOrEqual(n + 2);
    const error = Math.hypot(...result.direction.map((entry, i) => entry - exact[i])) / Math.hypot(...exact);
    expect(error).toBeLessThan(1e-4);
    expect(error).toBeGreaterThan(1e-12);
  });

  it('sends directions of order one, however short the gradient', () => {
    const cg = createCg(config, { size: n });
    const tiny = gradient.map((entry) => entry * 1e-60);
    const { result, requests } = drive(
      cg.direction(cg.initialState(), inputOf(tiny, 1e-2, { precision: 'float32' })),
      productsOf(matrix, count),
    );
    for (const { vectors } of requests) {
      const largest = Math.max(...Float64Array.from(vectors!['direction'], Math.abs));
      expect(largest).toBeGreaterThanOrEqual(1);
      expect(largest).toBeLessThan(2.001);
    }
    expectClose(
      result.direction.map((entry) => entry * 1e60),
      exact,
      { rel: 1e-5, abs: 1e-5 },
    );
  });

  it('gives equal bits for equal totals', () => {
    const cg = createCg(config, { size: n });
    const run = () =>
      drive(cg.direction(cg.initialState(), inputOf(gradient, 1e-2, { precision: 'float32' })), productsOf(matrix, count, 'float32'))
        .result;
    expect(run()).toEqual(run());
  });

  it('asks for nothing where the gradient is zero', () => {
    const cg = createCg(config, { size: n });
    const { result, requests } = drive(cg.direction(cg.initialState(), inputOf(new Float64Array(n), 1e-2)), productsOf(matrix, count));
    expect(requests).toEqual([]);
    expect(result.direction).toEqual(new Float64Array(n));
  });

  it('names the step and iteration of a direction of negative curvature', () => {
    const cg = createCg(config, { size: n });
    const run = () =>
      drive(
        cg.direction(cg.initialState(), inputOf(gradient, 1e-2, { step: 9 })),
        productsOf(
          matrix.map((entry) => -entry),
          count,
        ),
      );
    expect(run).toThrow(NegativeCurvatureError);
    expect(run).toThrow(/step 9: .*iteration 0/);
  });

  it('takes negative curvature within the rounding of the sums for the end', () => {
    // Rank one, no damping: after one iteration all that is left is rounding.
    const low = outerOf(rowsOf(8, 1, n), n);
    const cg = createCg({ ...config, iterations: 6, tolerance: 1e-15 }, { size: n });
    const { result } = drive(
      cg.direction(cg.initialState(), inputOf(applied(low, numbers(9, n)), 0, { precision: 'float32' })),
      (request) => {
        const totals = productsOf(low, 1, 'float32')(request);
        return totalsOf(1, {
          product: Float32Array.from(totals.sums.get('product')!, (entry, i) => entry - 1e-6 * request.vectors!['direction'][i]),
        });
      },
    );
    expect(result.report['residual']).toBeLessThan(1e-4);
  });

  it('refuses a product that is not finite', () => {
    const cg = createCg(config, { size: n });
    const run = () =>
      drive(cg.direction(cg.initialState(), inputOf(gradient, 1e-2)), () => totalsOf(count, { product: new Float64Array(n).fill(NaN) }));
    expect(run).toThrow(NonFiniteError);
  });
});
