import { symmetricEigen } from '@geodesic/linalg';
import { expectClose } from '@geodesic/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundedDiagonal, boundedFactor, defaultMetricBounds, LowRankMetric, spectrumWithin } from '../src/index.ts';

const seed = 20240611;
const raw = (length: number) => fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: length, maxLength: length });

describe('bounded parts', () => {
  it('keep every eigenvalue within the promised spectrum, whatever the raw numbers', () => {
    const { lower, upper } = spectrumWithin(defaultMetricBounds);
    fc.assert(
      fc.property(raw(5), raw(10), (rawD, rawU) => {
        const diagonal = boundedDiagonal(Float64Array.from(rawD), defaultMetricBounds);
        const factor = boundedFactor(Float64Array.from(rawU), defaultMetricBounds);
        const { values } = symmetricEigen(new LowRankMetric({ diagonal, factor, rank: 2 }).toDense(), 5);
        // Rounding of the eigenvalues themselves, relative to the largest.
        expect(values[0]).toBeGreaterThanOrEqual(lower - 1e-13);
        expect(values[4]).toBeLessThanOrEqual(upper * (1 + 1e-14));
      }),
      { seed },
    );
  });

  it('leave small factors nearly as they are, and vanish when uMax is 0', () => {
    const small = Float64Array.of(1e-4, -2e-4);
    expectClose(boundedFactor(small, defaultMetricBounds), small, { rel: 1e-8 });
    expect([...boundedFactor(small, { ...defaultMetricBounds, uMax: 0 })]).toEqual([0, 0]);
  });
});

describe('spectrumWithin', () => {
  it('keeps the defaults safe for float32', () => {
    expectClose(spectrumWithin(defaultMetricBounds).condition, 1.9e4, { rel: 1e-14 });
  });

  it('names the limit that is unusable', () => {
    expect(() => spectrumWithin({ dMin: 0, dMax: 1, uMax: 1 })).toThrow('MetricBounds: dMin: expected a positive number, got 0');
    expect(() => spectrumWithin({ dMin: 2, dMax: 1, uMax: 1 })).toThrow(
      'MetricBounds: dMax: expected a finite number above dMin = 2, got 1',
    );
    expect(() => boundedFactor(new Float64Array(1), { dMin: 1, dMax: 2, uMax: Number.NaN })).toThrow(
      'MetricBounds: uMax: expected a finite number of at least 0, got NaN',
    );
  });
});
