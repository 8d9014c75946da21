import { symmetricEigen } from '@geodesic/linalg';
import { expectClose } from '@geodesic/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DenseMetric } from '../src/index.ts';
import { goldenCase, samples } from './golden.ts';

const seed = 20240613;
const golden = goldenCase('dense_cholesky_param');
const { tolerance } = golden;
const [epsilon] = golden.input('eps');

describe('DenseMetric', () => {
  it.each(samples)('has the factor, metric, inverse and determinant of golden sample %i', (s) => {
    const metric = new DenseMetric({ raw: golden.inputAt('raw', s), dimension: 3, epsilon });
    expectClose(metric.lower, golden.outputAt('L', s), tolerance);
    expectClose(metric.toDense(), golden.outputAt('g', s), tolerance);
    expectClose(metric.inverse(), golden.outputAt('inverse', s), tolerance);
    expectClose(metric.logDet(), golden.output('logdet')[s], tolerance);
    const { values } = symmetricEigen(metric.toDense(), 3);
    expectClose(values[2] / values[0], golden.output('cond')[s], tolerance);
  });

  it('solves what it multiplies and keeps its eigenvalues within its bounds', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 10, maxLength: 10 }), (raw) => {
        const metric = new DenseMetric({ raw: Float64Array.from(raw), dimension: 4, epsilon: 0.05 });
        const v = Float64Array.of(1, -2, 3, -4, 5, -6, 7, -8);
        expectClose(metric.solve(metric.multiply(v, 2), 2), v, { abs: 1e-10 });
        const { values } = symmetricEigen(metric.toDense(), 4);
        const { lower, upper } = metric.eigenvalueBounds();
        expect(values[0]).toBeGreaterThanOrEqual(lower - 1e-12);
        expect(values[3]).toBeLessThanOrEqual(upper + 1e-12);
      }),
      { seed },
    );
  });

  it('takes large raw diagonals without overflow', () => {
    const metric = new DenseMetric({ raw: Float64Array.of(800), dimension: 1, epsilon: 1e-3 });
    expectClose(metric.lower, [800], { rel: 1e-15 });
  });

  it('names the part that does not fit', () => {
    expect(() => new DenseMetric({ raw: new Float64Array(5), dimension: 3, epsilon: 1 })).toThrow(
      'DenseMetric: raw: expected 6 entries (lower triangle of [3, 3]), got 5',
    );
    expect(() => new DenseMetric({ raw: new Float64Array(6), dimension: 3, epsilon: 0 })).toThrow(
      'DenseMetric: epsilon: expected a positive number, got 0',
    );
  });
});
