/** What a step must not depend on: the scale of the loss, and with damping that allows it the coordinates of inputs and outputs. */
import { expectClose } from '@geodesic/testing';
import { createCurvature, type CurvatureConfig, type LayerKind } from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { numbers } from '../fixtures.ts';
import { product, transposed } from '../golden-network.ts';
import { casesOf, difference, embeddingCases, frobenius, type LayerCase, layerOf, outerSum, refreshedOn, settle } from './layer-cases.ts';

const decay = { factorDecay: 0.95 };
const shape = { rows: 4, columns: 3 };
const layer = layerOf(shape);

describe('rescaling loss and damping together', () => {
  it.each<[string, CurvatureConfig, LayerKind]>([
    ['kfac by pi', { method: 'kfac', ...decay }, 'dense'],
    ['kfac with undamped inputs', { method: 'kfac', undampedInputs: ['l'], ...decay }, 'dense'],
    ['kfac in the eigenbasis', { method: 'kfac', dampingRule: 'eigenbasis', ...decay }, 'dense'],
    ['ekfac', { method: 'ekfac', ...decay }, 'dense'],
    ['diagonal', { method: 'diagonal', ...decay }, 'dense'],
    ['block', { method: 'block', ...decay }, 'dense'],
    ['kfac of an embedding', { method: 'kfac', ...decay }, 'embedding'],
    ['kfac of a norm', { method: 'kfac', ...decay }, 'norm'],
  ])('divides the direction by the factor: %s', (_, config, kind) => {
    const own = layerOf(kind === 'norm' ? { rows: 2, columns: 3 } : shape, kind);
    const cases = kind === 'embedding' ? embeddingCases(5, own, 9) : casesOf(5, own, 9);
    const v = numbers(6, own.size);
    const solveWith = (examples: readonly LayerCase[], damping: number): Float64Array => {
      const { curvature, state } = refreshedOn(config, examples, { layer: own, damping });
      return curvature.solve(state, v);
    };
    const before = solveWith(cases, 0.02);
    for (const c of [1e-4, 0.3, 7, 1e5]) {
      const scaled = cases.map(({ a, g }) => ({ a, g: g.map((vector) => vector.map((value) => Math.sqrt(c) * value)) }));
      const after = solveWith(scaled, c * 0.02);
      expectClose(
        after.map((value) => c * value),
        before,
        { rel: 1e-9, abs: 1e-11 },
      );
    }
  });
});

/** An invertible matrix near the identity. */
function map(seed: number, n: number): number[][] {
  const noise = numbers(seed, n * n);
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1.4 : 0) + 0.5 * noise[i * n + j]));
}

function inverse(matrix: readonly (readonly number[])[]): number[][] {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...Array.from({ length: n }, (_, j) => (i === j ? 1 : 0))]);
  for (let k = 0; k < n; k++) {
    const pivot = rows.slice(k).reduce((best, row, i) => (Math.abs(row[k]) > Math.abs(rows[best][k]) ? k + i : best), k);
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    rows[k] = rows[k].map((value) => value / rows[k][k]);
    for (let i = 0; i < n; i++) {
      const factor = i === k ? 0 : rows[i][k];
      rows[i] = rows[i].map((value, j) => value - factor * rows[k][j]);
    }
  }
  return rows.map((row) => row.slice(n));
}

interface Problem {
  readonly inputs: readonly (readonly number[])[];
  readonly outputs: readonly (readonly number[])[];
  readonly metric: readonly (readonly number[])[];
}

const problem: Problem = {
  inputs: casesOf(1, shape, 10).map(({ a }) => a),
  outputs: casesOf(2, shape, 10).map(({ g }) => g[0]),
  metric: [
    [2, 0.3, 0.1],
    [0.3, 1, -0.2],
    [0.1, -0.2, 0.7],
  ],
};

/** The problem in coordinates a' = Omega a, z' = Phi z: g' = Phi^-T g, M' = Phi^-T M Phi^-1. */
function moved({ inputs, outputs, metric }: Problem, omega: number[][], phi: number[][]): Problem {
  const back = inverse(phi);
  return {
    inputs: product(inputs, transposed(omega)),
    outputs: product(outputs, back),
    metric: product(transposed(back), product(metric, back)),
  };
}

/** U [rows, columns] from the gradient sum_n a_n g_n^T + E. */
function update(config: CurvatureConfig, { inputs, outputs, metric }: Problem, gradient: number[][], relativeRidge = 0): number[][] {
  const curvature = createCurvature(config, [layer], { relativeRidge });
  const statistics = new Map<string, ArrayLike<number>>([
    ['A/l', outerSum(inputs, 4)],
    ['S/l', outerSum(outputs, 3)],
    ['M/l', metric.flat().map((value) => value * inputs.length)],
  ]);
  const known = curvature.absorb(curvature.initialState(), { step: 1, count: inputs.length, statistics });
  const direction = curvature.solve(settle(curvature.refresh(known, { step: 1, damping: 0.2 })), Float64Array.from(gradient.flat()));
  return Array.from({ length: 4 }, (_, i) => [...direction.subarray(3 * i, 3 * i + 3)]);
}

/** How far the update in moved coordinates is from the moved update, relative; weights move by U' = Omega^-T U Phi^T. */
function breach(config: CurvatureConfig, maps: { omega: number[][]; phi: number[][]; relativeRidge?: number }): number {
  const { omega, phi, relativeRidge } = maps;
  const gradient = product(transposed(problem.inputs), problem.outputs);
  const gradientMoved = product(omega, product(gradient, inverse(phi)));
  const expected = product(transposed(inverse(omega)), product(update(config, problem, gradient, relativeRidge), transposed(phi))).flat();
  const found = update(config, moved(problem, omega, phi), gradientMoved, relativeRidge).flat();
  return frobenius(difference(found, expected)) / frobenius(expected);
}

describe('affine maps of inputs and outputs', () => {
  const omega = map(7, 4);
  const phi = map(8, 3);
  const still = (n: number): number[][] => Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));

  it('leave a step damped by the metric alone', () => {
    const metric: CurvatureConfig = { method: 'kfac', dampingRule: 'metric', ...decay };
    expect(breach(metric, { omega, phi })).toBeLessThan(1e-11);
    // With the default ridge as far as float32 sums can tell.
    expect(breach(metric, { omega, phi, relativeRidge: 1e-7 })).toBeLessThan(1e-4);
  });

  it.each(['pi', 'eigenbasis'] as const)('do not leave one damped by the identity alone (%s)', (dampingRule) => {
    expect(breach({ method: 'kfac', dampingRule, ...decay }, { omega, phi })).toBeGreaterThan(0.05);
    expect(breach({ method: 'kfac', dampingRule, ...decay }, { omega, phi: still(3) })).toBeGreaterThan(0.05);
  });

  it('of the inputs only leave a layer with undamped inputs alone', () => {
    const undamped: CurvatureConfig = { method: 'kfac', undampedInputs: ['l'], ...decay };
    expect(breach(undamped, { omega, phi: still(3) })).toBeLessThan(1e-11);
    expect(breach(undamped, { omega, phi })).toBeGreaterThan(0.05);
  });
});
