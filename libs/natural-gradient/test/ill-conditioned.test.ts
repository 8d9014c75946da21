/**
 * The gate of benchmark B5, in a second: a linear and a logistic regression with cond(F) = 1e8, undamped and in float64, through the optimiser as
 * a run drives it. Features are cosines, orthonormal over the examples, scaled, and mixed by a reflection.
 */
import { createOptimizer, type GroupConfig, type RoundRequest } from '@geodesic/natural-gradient';
import { makeLayout } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import type { RoundTotals } from '../src/rounds.ts';
import { drive, totalsOf } from './drive.ts';
import { constant } from './fixtures.ts';

const [examples, n, condition] = [48, 12, 1e8];
const eigenvalue = (k: number): number => condition ** (-k / (n - 1));
const truth = Float64Array.from({ length: n }, (_, k) => Math.cos(3 * k + 1));
const mirror = Float64Array.from({ length: n }, (_, i) => (i + 1) / Math.sqrt((n * (n + 1) * (2 * n + 1)) / 6));
const design = Array.from({ length: examples }, (_, row) => {
  const cosines = Float64Array.from(
    { length: n },
    (_entry, k) => Math.SQRT2 * Math.cos((Math.PI * (k + 1) * (row + 0.5)) / examples) * Math.sqrt(eigenvalue(k)),
  );
  const along = dot(cosines, mirror);
  return cosines.map((entry, i) => entry - 2 * along * mirror[i]);
});

interface Model {
  readonly response: (z: number) => number;
  readonly curvature: (z: number) => number;
}
const linear: Model = { response: (z) => z, curvature: () => 1 };
const logistic: Model = { response: (z) => 1 / (1 + Math.exp(-z)), curvature: (z) => 1 / (2 + 2 * Math.cosh(z)) };

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** sum over the examples of weight a. */
function summed(weights: readonly number[]): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => weights.reduce((sum, weight, row) => sum + weight * design[row][i], 0));
}

function answer({ response, curvature }: Model, theta: Float64Array, { program, vectors }: RoundRequest): RoundTotals {
  const z = design.map((row) => dot(row, theta));
  if (program === 'product')
    return totalsOf(examples, { product: summed(design.map((row, i) => curvature(z[i]) * dot(row, vectors!['direction']))) });
  const gradient = summed(design.map((row, i) => response(z[i]) - response(dot(row, truth))));
  const F = Float64Array.from({ length: n * n }, (_, at) =>
    design.reduce((sum, row, i) => sum + curvature(z[i]) * row[Math.floor(at / n)] * row[at % n], 0),
  );
  return totalsOf(examples, { gradient, 'F/all': F });
}

const shared = { name: 'g', parameters: ['all'], learningRate: constant(1), momentum: 0, klClip: null, damping: 1e-26, weightDecay: 0 };
const groups: Record<'block' | 'cg', GroupConfig> = {
  block: { ...shared, method: 'block', layers: ['all'], factorDecay: 0, statisticsEvery: 1, inverseEvery: 1 },
  cg: { ...shared, method: 'cg', iterations: n, tolerance: 1e-15, progress: 0, warmStart: 0, preconditioner: null },
};

/** Relative errors after each step from zero, and the number of products. */
function solve(method: 'block' | 'cg', model: Model, steps: number) {
  const optimizer = createOptimizer({
    groups: [groups[method]],
    layers: [{ name: 'all', inputs: n, outputs: 1, bias: false, offset: 0 }],
    parameters: makeLayout([{ name: 'all', shape: [n, 1] }]),
    totalSteps: steps,
    precision: 'float64',
  });
  const theta = new Float64Array(n);
  const errors: number[] = [];
  let state = optimizer.initialState();
  let products = 0;
  for (let step = 1; step <= steps; step++) {
    const { result, requests } = drive(optimizer.step(state, { step, parameters: theta }), (request) => answer(model, theta, request));
    products += requests.filter(({ program }) => program === 'product').length;
    state = result.state;
    for (let i = 0; i < n; i++) theta[i] += result.delta[i];
    const difference = theta.map((entry, i) => entry - truth[i]);
    errors.push(Math.sqrt(dot(difference, difference) / dot(truth, truth)));
  }
  return { errors, products };
}

describe('undamped natural gradient at cond(F) = 1e8', () => {
  it('solves linear regression in one step with the dense Fisher matrix', () => {
    expect(solve('block', linear, 1).errors[0]).toBeLessThanOrEqual(1e-8);
  });

  it('solves it by conjugate gradients in as many products as there are parameters', () => {
    const { errors, products } = solve('cg', linear, 1);
    expect(products).toBeLessThanOrEqual(n);
    expect(errors[0]).toBeLessThanOrEqual(1e-8);
  });

  it('leaves gradient descent at O(cond) steps', () => {
    const rate = 2 / (eigenvalue(0) + eigenvalue(n - 1));
    // The slowest direction contracts by 1 - 2 / (cond + 1) a step, so that its error falls to 1e-8 after about 9.2 cond steps.
    const steps = Math.log(1e-8) / Math.log1p(-rate * eigenvalue(n - 1));
    expect(steps).toBeGreaterThan(condition);
    const theta = new Float64Array(n);
    for (let step = 0; step < 200; step++) {
      const gradient = answer(linear, theta, {
        program: 'product',
        vectors: { direction: theta.map((entry, i) => entry - truth[i]) },
      }).sums.get('product')!;
      for (let i = 0; i < n; i++) theta[i] -= (rate * gradient[i]) / examples;
    }
    expect(
      Math.sqrt(
        dot(
          theta.map((entry, i) => entry - truth[i]),
          theta.map((entry, i) => entry - truth[i]),
        ),
      ),
    ).toBeGreaterThan(0.1);
  });

  it.each(['block', 'cg'] as const)('converges quadratically on logistic regression (%s)', (method) => {
    const { errors } = solve(method, logistic, 8);
    const last = errors.findIndex((error) => error <= 1e-8);
    expect(last).toBeGreaterThan(0);
    const near = errors.slice(0, last).filter((error) => error < 0.3);
    expect(near.length).toBeGreaterThan(1);
    const bounds = near.map((error) => Math.max(error ** 2, 1e-8));
    expect(errors.slice(last + 1 - near.length, last + 1).every((error, i) => error <= bounds[i])).toBe(true);
    expect(errors[last]).toBeLessThanOrEqual(1e-8);
  });
});
