import { expectClose } from '@geodesic/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cocycleDefect, transition } from '../src/index.ts';
import { evaluateFunction, normal } from './evaluate-function.ts';
import { bijections, kinds, randomStack } from './random-charts.ts';
import { jacobianOfRow, pullBack, pushForward, runChart, tangentOnGraph, tensor } from './run-chart.ts';

const stacks = fc.record({
  kindsOfMaps: fc.array(fc.constantFrom(...kinds.filter((kind) => kind !== 'tanh')), { minLength: 1, maxLength: 4 }),
  width: fc.integer({ min: 2, max: 5 }),
  seed: fc.nat(),
});

/** ln |det A| of a matrix [n, n] by Gaussian elimination with pivots. */
function logAbsDeterminant(matrix: readonly number[], n: number): number {
  const rows = Array.from({ length: n }, (_, i) => matrix.slice(i * n, (i + 1) * n));
  let sum = 0;
  for (let k = 0; k < n; k++) {
    const best = rows.slice(k).reduce((at, row, i) => (Math.abs(row[k]) > Math.abs(rows[at][k]) ? k + i : at), k);
    [rows[k], rows[best]] = [rows[best], rows[k]];
    sum += Math.log(Math.abs(rows[k][k]));
    for (const row of rows.slice(k + 1)) {
      const factor = row[k] / rows[k][k];
      row.forEach((entry, j) => (row[j] = entry - factor * rows[k][j]));
    }
  }
  return sum;
}

describe.each(kinds)('the chart %s', (kind) => {
  const run = randomStack([kind], { width: 5, seed: 1 });
  const v = [...normal('v', 15)];
  const u = [...normal('u', 15)];

  it('comes back from its value with the opposite log-determinant', () => {
    const there = runChart(run);
    const back = runChart({ ...run, x: tensor(run.x.shape, there.value) }, 'inverse');
    expectClose(back.value, run.x.data, { abs: 1e-13 });
    expectClose(
      back.logDet,
      there.logDet.map((entry) => -entry),
      { abs: 1e-13 },
    );
  });

  it('has the log-determinant of its Jacobian', () => {
    const { logDet } = runChart(run);
    expectClose(logDet[1], logAbsDeterminant(jacobianOfRow(run, 1), 5), { abs: 1e-12 });
  });

  it('pushes vectors forward as the derivative of the graph does, and pulls covectors back by its transpose', () => {
    const tangent = pushForward(run, v);
    expectClose(tangent, tangentOnGraph(run, v), { abs: 1e-13 });
    const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, entry, i) => sum + entry * b[i], 0);
    expectClose(dot(u, tangent), dot(pullBack(run, u), v), { rel: 1e-12 });
  });

  it('claims to be an isometry only if it is one', () => {
    const length = (vector: readonly number[]): number => Math.hypot(...vector.slice(0, 5));
    const kept = Math.abs(length(pushForward(run, v)) - length(v)) < 1e-12;
    expect(bijections[kind]('map0', 5).isometry).toBe(kept);
  });
});

describe('compose', () => {
  it('is undone by the inverses in reverse order, for any stack', () => {
    fc.assert(
      fc.property(stacks, ({ kindsOfMaps, ...options }) => {
        const run = randomStack(kindsOfMaps, options);
        const there = runChart(run);
        const back = runChart({ ...run, x: tensor(run.x.shape, there.value) }, 'inverse');
        expectClose(back.value, run.x.data, { abs: 1e-10 });
      }),
      { seed: 31, numRuns: 25 },
    );
  });

  it('has the log-determinant of its Jacobian, by push-forwards of the axes, for any stack', () => {
    fc.assert(
      fc.property(stacks, ({ kindsOfMaps, ...options }) => {
        const { width } = options;
        const run = randomStack(kindsOfMaps, { ...options, rows: 1 });
        const columns = Array.from({ length: width }, (_, j) =>
          pushForward(
            run,
            Array.from({ length: width }, (__, i) => Number(i === j)),
          ),
        );
        expectClose(runChart(run).logDet[0], logAbsDeterminant(columns.flat(), width), { abs: 1e-10 });
      }),
      { seed: 32, numRuns: 15 },
    );
  });
});

describe('transition', () => {
  it('satisfies the cocycle condition between any three charts, log-determinants adding', () => {
    const chart = fc.nat({ max: 4 });
    const fourMaps = fc.array(fc.constantFrom(...kinds.filter((kind) => kind !== 'tanh')), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(fourMaps, chart, chart, chart, fc.nat(), (kindsOfMaps, i, j, k, seed) => {
        const run = randomStack(kindsOfMaps, { width: 3, seed });
        const defect = cocycleDefect(run.maps, [i, j, k]);
        const { value, logDet } = evaluateFunction((t) => ({ ...defect(t, t.x) }), { ...run.parameters, x: run.x });
        expect(Math.max(...value, ...logDet)).toBeLessThan(1e-10);
      }),
      { seed: 33, numRuns: 25 },
    );
  });

  it('leads forwards through the maps between two charts and backwards through their inverses', () => {
    const run = randomStack(['actNorm', 'luLinear', 'affineCoupling'], { width: 4, seed: 5 });
    const there = runChart({ ...run, map: transition(run.maps, 1, 3) });
    const back = runChart({ ...run, map: transition(run.maps, 3, 1), x: tensor(run.x.shape, there.value) });
    expectClose(back.value, run.x.data, { abs: 1e-13 });
    expect(runChart({ ...run, map: transition(run.maps, 3, 3) })).toEqual({ value: [...run.x.data], logDet: [0, 0, 0] });
    expect(() => transition(run.maps, 0, 4)).toThrow('model: transition: expected a chart of 0 ... 3, got 4');
  });
});
