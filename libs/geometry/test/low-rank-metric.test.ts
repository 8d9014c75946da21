import { matmul, symmetricEigen } from '@geodesic/linalg';
import { expectClose } from '@geodesic/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addMoments,
  boundedDiagonal,
  boundedFactor,
  LowRankMetric,
  momentsOf,
  spectrumWithin,
  squaredLength,
  summarizeMoments,
  volumeElement,
} from '../src/index.ts';
import { goldenCase, samples } from './golden.ts';

const seed = 20240610;
const golden = goldenCase('bounded_batch');
const { tolerance } = golden;
const [dMin, dMax, uMax] = ['d_min', 'd_max', 'u_max'].map((name) => golden.input(name)[0]);
const bounds = { dMin, dMax, uMax };
const metrics = samples.map(
  (s) =>
    new LowRankMetric({
      diagonal: boundedDiagonal(golden.inputAt('raw_d', s), bounds),
      factor: boundedFactor(golden.inputAt('raw_U', s), bounds),
      rank: 3,
    }),
);

/** Any metric with entries of moderate size; dimension and rank independent, rank 0 included. */
const anyMetric = fc.record({ d: fc.integer({ min: 1, max: 8 }), rank: fc.integer({ min: 0, max: 4 }) }).chain(({ d, rank }) =>
  fc
    .record({
      diagonal: fc.array(fc.double({ min: 0.1, max: 5, noNaN: true }), { minLength: d, maxLength: d }),
      factor: fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: d * rank, maxLength: d * rank }),
    })
    .map(({ diagonal, factor }) => new LowRankMetric({ diagonal: Float64Array.from(diagonal), factor: Float64Array.from(factor), rank })),
);

describe('LowRankMetric against the golden batch', () => {
  it.each(samples)('has the parts, product, solve and determinant of sample %i', (s) => {
    const metric = metrics[s];
    const v = golden.inputAt('v', s);
    expectClose(metric.diagonal, golden.outputAt('D', s), tolerance);
    expectClose(metric.factor, golden.outputAt('U', s), tolerance);
    expectClose(metric.multiply(v), golden.outputAt('matvec', s), tolerance);
    expectClose(squaredLength(metric, v), golden.output('quad')[s], tolerance);
    expectClose(metric.solve(v), golden.outputAt('solve', s), tolerance);
    expectClose(metric.logDet(), golden.output('logdet')[s], tolerance);
    expectClose(volumeElement(metric), golden.output('volume_element')[s], tolerance);
  });

  it.each(samples)('has the spectrum of sample %i, within its bounds', (s) => {
    const { values } = symmetricEigen(metrics[s].toDense(), 7);
    expectClose(values, golden.outputAt('eigenvalues', s), tolerance);
    expectClose(values[6] / values[0], golden.output('cond')[s], tolerance);
    const { lower, upper } = metrics[s].eigenvalueBounds();
    expect(lower).toBeLessThanOrEqual(values[0]);
    expect(upper).toBeGreaterThanOrEqual(values[6]);
  });

  it('has the dense form and the capacitance of sample 0', () => {
    expectClose(metrics[0].toDense(), golden.output('dense_sample0'), tolerance);
    expectClose(metrics[0].capacitance(), golden.output('capacitance_sample0'), tolerance);
  });

  it('has the mean over the batch', () => {
    const mean = new Float64Array(49);
    for (const metric of metrics) metric.toDense().forEach((entry, at) => (mean[at] += entry / metrics.length));
    expectClose(mean, golden.output('S_mean'), tolerance);
  });

  it('has the condition number that its limits promise', () => {
    expectClose(spectrumWithin(bounds).condition, golden.output('cond_bound'), tolerance);
  });

  it('has the moments of the log volume, added over two halves', () => {
    const logVolumes = metrics.map((metric) => metric.logDet() / 2);
    const total = addMoments(momentsOf(logVolumes.slice(0, 1)), momentsOf(logVolumes.slice(1)));
    const { mean, meanSquare, variance } = summarizeMoments(total);
    expect(total.count).toBe(4);
    expectClose(mean, golden.output('half_logdet_mean'), tolerance);
    expectClose(meanSquare, golden.output('half_logdet_sq_mean'), tolerance);
    expectClose(variance, golden.output('half_logdet_var_population'), tolerance);
  });
});

describe('LowRankMetric', () => {
  it('solves what it multiplies, for several vectors at once', () => {
    fc.assert(
      fc.property(anyMetric, fc.integer({ min: 1, max: 3 }), (metric, columns) => {
        const v = Float64Array.from({ length: metric.dimension * columns }, (_, at) => Math.sin(at + 1));
        expectClose(metric.solve(metric.multiply(v, columns), columns), v, { abs: 1e-11 });
      }),
      { seed },
    );
  });

  it('agrees with its dense form', () => {
    fc.assert(
      fc.property(anyMetric, (metric) => {
        const d = metric.dimension;
        const v = Float64Array.from({ length: d }, (_, i) => Math.cos(i));
        const dense = metric.toDense();
        expectClose(metric.multiply(v), matmul(dense, v, { m: d, k: d, n: 1 }), { abs: 1e-12 });
        const logs = symmetricEigen(dense, d).values.map(Math.log);
        expectClose(
          metric.logDet(),
          logs.reduce((sum, log) => sum + log, 0),
          { abs: 1e-11 },
        );
        const damped = metric.damped(0.5).toDense();
        expectClose(
          damped.map((entry, at) => entry - dense[at]),
          dense.map((_, at) => (at % (d + 1) === 0 ? 0.5 : 0)),
          { abs: 1e-13 },
        );
      }),
      { seed },
    );
  });

  it('draws samples whose map from normals has g as its covariance', () => {
    fc.assert(
      fc.property(anyMetric, (metric) => {
        const { dimension: d, rank } = metric;
        const covariance = new Float64Array(d * d);
        for (let source = 0; source < d + rank; source++) {
          const unit = new Float64Array(d + rank);
          unit[source] = 1;
          const column = metric.sample(unit);
          for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) covariance[i * d + j] += column[i] * column[j];
        }
        expectClose(covariance, metric.toDense(), { abs: 1e-13 });
      }),
      { seed },
    );
  });

  it('names the part that does not fit', () => {
    const diagonal = Float64Array.of(1, 2);
    const factor = Float64Array.of(1, 1);
    expect(() => new LowRankMetric({ diagonal, factor, rank: 2 })).toThrow('LowRankMetric: factor: expected 4 entries [2, 2], got 2');
    expect(() => new LowRankMetric({ diagonal: Float64Array.of(1, 0), factor, rank: 1 })).toThrow(
      'LowRankMetric: diagonal[1]: expected a positive finite number, got 0',
    );
    expect(() => new LowRankMetric({ diagonal, factor, rank: 1 }).solve(new Float64Array(3))).toThrow(
      'LowRankMetric.solve: v: expected 2 entries [2, 1], got 3',
    );
  });
});
