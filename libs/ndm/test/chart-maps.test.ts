import { symmetricEigen, triangularSolve } from '@geodesic/linalg';
import type { Tensors } from '@geodesic/nn';
import { expectClose } from '@geodesic/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockTriangularSolve } from '../src/charts/block-triangular-solve.ts';
import {
  additiveCoupling,
  affineCoupling,
  couplingBounds,
  luLinear,
  permutation,
  tanhChart,
  tanhDomain,
  tanhDomainError,
} from '../src/index.ts';
import { evaluateFunction, normalParameters, normalTensor } from './evaluate-function.ts';
import { jacobianOfRow, runChart, runChartNatively, tensor, type ChartRun } from './run-chart.ts';
import { runOnnx } from './run-onnx.ts';

/** Largest singular value of a matrix [m, n]. */
function spectralNorm(matrix: readonly number[], n: number): number {
  const m = matrix.length / n;
  const gram = Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return Array.from({ length: m }, (__, r) => matrix[r * n + i] * matrix[r * n + j]).reduce((sum, term) => sum + term, 0);
  });
  return Math.sqrt(Math.max(0, symmetricEigen(gram, n).values[n - 1]));
}

describe('couplingBounds', () => {
  it('hold for any parameters and points: |log det| and the largest singular value', () => {
    const [kept, moved, scaleMax] = [[0, 1], [2, 3, 4], 2];
    const map = affineCoupling({ name: 'c', kept, moved, hidden: 4, scaleMax });
    const bounds = couplingBounds({ moved, scaleMax });
    const scales = fc.constantFrom(0.1, 1, 10, 1000);
    fc.assert(
      fc.property(scales, scales, fc.nat(), (parameterScale, pointScale, seed) => {
        const parameters = Object.fromEntries(
          map.parameters.map(({ name, shape }) => [name, normalTensor(`${name}${seed}`, shape, parameterScale)]),
        );
        const run: ChartRun = { map, parameters, x: normalTensor(`x${seed}`, [2, 5], pointScale) };
        const jacobian = jacobianOfRow(run, 0);
        const cross = moved.flatMap((i) => kept.map((j) => jacobian[i * 5 + j]));
        expect(Math.max(...runChart(run).logDet.map(Math.abs))).toBeLessThanOrEqual(bounds.logDet * (1 + 1e-12));
        expect(spectralNorm(jacobian, 5)).toBeLessThanOrEqual((bounds.scale + spectralNorm(cross, 2)) * (1 + 1e-6));
      }),
      { seed: 41, numRuns: 30 },
    );
  });

  it('are those of a volume-keeping map for s_max = 0', () => {
    expect(couplingBounds({ moved: [1], scaleMax: 0 })).toEqual({ logDet: 0, scale: 1 });
  });
});

describe('tanhChart', () => {
  const run = (x: readonly number[]): ChartRun => ({ map: tanhChart(x.length), parameters: {}, x: tensor([1, x.length], x) });

  it('has a finite log-determinant where tanh is one in any number format', () => {
    const { logDet } = runChart(run([40, -400]));
    expectClose(logDet, [2 * (2 * Math.LN2 - 440)], { rel: 1e-14 });
  });

  it('has the derivative of tanh', () => {
    const x = [0, 0.3, -2];
    expectClose(
      runChart(run(x)).logDet[0],
      x.reduce((sum, entry) => sum + Math.log(1 - Math.tanh(entry) ** 2), 0),
      { rel: 1e-13 },
    );
  });

  it('moves what lies outside of its image to the edge of the domain and says how far it was', () => {
    const y = tensor([3, 2], [0.5, -0.5, 1.25, 0, 0.5, -1]);
    const { value, error } = evaluateFunction((t) => ({ value: tanhChart(2).inverse(t, t.y).value, error: tanhDomainError(t.y) }), { y });
    expectClose(value, [0.5, -0.5, tanhDomain, 0, 0.5, -tanhDomain].map(Math.atanh), { abs: 1e-9 });
    expectClose(error, [0, 0.25 + 2 ** -23, 2 ** -23], { abs: 1e-15 });
  });

  it('comes back natively in float32 to 1e-4, up to where float32 resolves it', async () => {
    const x = [-3, -1, -0.1, 0, 1e-3, 2.5];
    const y = x.map(Math.tanh);
    const found = await runChartNatively(run(x), { y, v: x });
    expectClose(found.back, x, { abs: 1e-4 });
    expectClose(found.value, y, { abs: 1e-6 });
  });
});

describe('additiveCoupling', () => {
  it('is the affine coupling with scale zero', () => {
    const parts = { kept: [0, 2], moved: [1, 3], hidden: 3 };
    const [additive, affine] = [additiveCoupling({ name: 'c', ...parts }), affineCoupling({ name: 'c', ...parts, scaleMax: 2 })];
    const values = normalParameters(additive.parameters, 0.7);
    const shiftWeight = [...values['c.shift.weight'].data];
    const parameters = {
      ...values,
      'c.affine.weight': tensor(
        [3, 4],
        [0, 1, 2].flatMap((row) => [0, 0, ...shiftWeight.slice(2 * row, 2 * row + 2)]),
      ),
      'c.affine.bias': tensor([4], [0, 0, ...values['c.shift.bias'].data]),
    };
    const x = normalTensor('x', [5, 4]);
    const taken = (map: ChartRun['map']): ChartRun['parameters'] =>
      Object.fromEntries(map.parameters.map(({ name }) => [name, parameters[name as keyof typeof parameters]]));
    expectClose(
      runChart({ map: additive, parameters: taken(additive), x }).value,
      runChart({ map: affine, parameters: taken(affine), x }).value,
      {
        abs: 1e-15,
      },
    );
  });
});

describe('luLinear', () => {
  it('starts as its signed permutation', () => {
    const map = luLinear({ name: 'lu', width: 3, permutation: [2, 0, 1], signs: [1, -1, 1] });
    const { value } = runChart({
      map,
      parameters: { 'lu.factors': tensor([3, 3], Array<number>(9).fill(0)) },
      x: tensor([1, 3], [1, 2, 3]),
    });
    expect(value).toEqual([3, 1, -2]);
  });

  it('inverts more coordinates than one triangular solve takes natively', async () => {
    const width = 70;
    const map = luLinear({ name: 'lu', width });
    const run: ChartRun = { map, parameters: normalParameters(map.parameters, 0.05), x: normalTensor('x', [4, width]) };
    const { value } = runChart(run);
    expectClose(runChart({ ...run, x: tensor([4, width], value) }, 'inverse').value, run.x.data, { abs: 1e-12 });
    const { back } = await runChartNatively(run, { y: value, v: value });
    expectClose(back, run.x.data, { abs: 1e-4 });
  });

  it('refuses permutations and signs that are none', () => {
    expect(() => luLinear({ name: 'lu', width: 2, permutation: [0, 0] })).toThrow(
      'model: lu: expected the indices 0 ... 1, each once, got [0, 0]',
    );
    expect(() => luLinear({ name: 'lu', width: 3, permutation: [1, 0] })).toThrow('expected a permutation of 3 coordinates, got 2 entries');
    expect(() => luLinear({ name: 'lu', width: 2, signs: [1, 0.5] })).toThrow('expected 2 signs of 1 or -1, got [1, 0.5]');
    expect(() => permutation([1, 2])).toThrow('model: permutation: expected the indices 0 ... 1');
    expect(() => affineCoupling({ name: 'c', kept: [0], moved: [0], hidden: 2, scaleMax: 2 })).toThrow(
      'model: c: expected the indices 0 ... 1',
    );
    expect(() => affineCoupling({ name: 'c', kept: [], moved: [0], hidden: 2, scaleMax: 2 })).toThrow('kept and moved coordinates');
  });
});

describe('blockTriangularSolve', () => {
  it.each([false, true])('solves any size as one solve does, transposed: %s', async (transpose) => {
    const n = 75;
    const spread = normalTensor('L', [n, n], 0.05);
    const lower = tensor(
      [n, n],
      Array.from(spread.data, (entry, at) => (Math.floor(at / n) === at % n ? 1 + Math.abs(entry) : entry)),
    );
    const values = { lower, b: normalTensor('b', [n, 2]) };
    const solve = (t: Tensors) => ({ x: blockTriangularSolve(t.lower, t.b, { transpose }) });
    const expected = triangularSolve(Float64Array.from(lower.data), n, Float64Array.from(values.b.data), { columns: 2, transpose });
    expectClose(evaluateFunction(solve, values).x, expected, { abs: 1e-12 });
    expectClose((await runOnnx(solve, values)).x, expected, { abs: 1e-4 });
  });
});
