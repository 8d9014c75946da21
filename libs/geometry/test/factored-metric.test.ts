import { expectClose } from '@geodesic/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addStatistics, factoredDiagonal, factoredMetric, factoredStatistics, meanMetric } from '../src/index.ts';
import { goldenCase, samples } from './golden.ts';

const seed = 20240612;
const golden = goldenCase('factored_additive_statistics');
const { tolerance } = golden;
const frame = {
  base: golden.input('D0'),
  exponents: golden.input('P'),
  directions: golden.input('U0'),
  basis: 2,
  rank: 3,
};
const points = samples.map((s) => ({ b: golden.inputAt('b', s), c: golden.inputAt('C', s) }));
const workers = [0, 1].map((worker) =>
  factoredStatistics(
    frame,
    Array.from(golden.inputAt('worker_split', worker), (s) => points[s]),
  ),
);
const total = addStatistics(workers[0], workers[1]);

describe('factoredMetric', () => {
  it.each(samples)('has the diagonal of golden sample %i', (s) => {
    expectClose(factoredDiagonal(frame, points[s].b), golden.outputAt('D', s), tolerance);
  });

  it('refuses parts of another size, by name', () => {
    expect(() => factoredMetric(frame, { b: new Float64Array(3), c: points[0].c })).toThrow(
      'factoredDiagonal: b: expected 2 entries [2], got 3',
    );
    expect(() => factoredMetric(frame, { b: points[0].b, c: new Float64Array(4) })).toThrow(
      'factoredMetric: c: expected 9 entries [3, 3], got 4',
    );
  });
});

describe('factoredStatistics', () => {
  it('has the sums of either golden worker and of both', () => {
    workers.forEach(({ sumD, sumM, count }, worker) => {
      expectClose(sumD, golden.outputAt('worker_sumD', worker), tolerance);
      expectClose(sumM, golden.outputAt('worker_sumM', worker), tolerance);
      expect(count).toBe(2);
    });
    expectClose(total.sumD, golden.output('total_sumD'), tolerance);
    expectClose(total.sumM, golden.output('total_sumM'), tolerance);
    expect(total.count).toBe(4);
  });

  it('sums M = C C^T sample by sample', () => {
    for (const s of samples) expectClose(factoredStatistics(frame, [points[s]]).sumM, golden.outputAt('M', s), tolerance);
  });

  it('does not depend on how the points are shared out, up to rounding', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 4, maxLength: 4 }), (owner) => {
        const shares = [0, 1, 2].map((worker) =>
          factoredStatistics(
            frame,
            points.filter((_, s) => owner[s] === worker),
          ),
        );
        const sum = shares.reduce(addStatistics);
        expect(sum.count).toBe(4);
        expectClose(sum.sumD, total.sumD, { rel: 1e-14 });
        expectClose(sum.sumM, total.sumM, { abs: 1e-14 });
      }),
      { seed },
    );
  });
});

describe('meanMetric', () => {
  it('is the golden S, and solves and measures it when damped', () => {
    const mean = meanMetric(frame, total);
    expectClose(mean.toDense(), golden.output('S_dense'), tolerance);
    const damped = mean.damped(golden.input('damping')[0]);
    expectClose(damped.solve(golden.input('rhs'), 5), golden.output('damped_solve'), tolerance);
    expectClose(damped.logDet(), golden.output('logdet_S_damped'), tolerance);
  });

  it('is the mean of the metrics of the points', () => {
    const mean = new Float64Array(49);
    for (const point of points)
      factoredMetric(frame, point)
        .toDense()
        .forEach((entry, at) => (mean[at] += entry / points.length));
    expectClose(meanMetric(frame, total).toDense(), mean, { abs: 1e-13 });
  });

  it('takes sums of M that are singular', () => {
    const flatPoint = { b: points[0].b, c: new Float64Array(9) };
    const mean = meanMetric(frame, factoredStatistics(frame, [flatPoint]));
    expectClose(
      mean.logDet(),
      factoredDiagonal(frame, flatPoint.b)
        .map(Math.log)
        .reduce((sum, log) => sum + log),
      { abs: 1e-13 },
    );
  });

  it('refuses the mean of no points', () => {
    expect(() => meanMetric(frame, factoredStatistics(frame, []))).toThrow('meanMetric: count: expected at least one point, got 0');
  });
});

describe('addStatistics', () => {
  it('refuses statistics of another size', () => {
    const other = { sumD: new Float64Array(2), sumM: new Float64Array(9), count: 1 };
    expect(() => addStatistics(total, other)).toThrow('addStatistics: sumD: expected 7 entries as on the left, got 2');
  });
});
