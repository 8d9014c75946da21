import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { fisherAnchor, LowRankMetric } from '../src/index.ts';
import { goldenCase, samples } from './golden.ts';

const golden = goldenCase('fisher_anchor_gaussian_nll');
const { tolerance } = golden;

function metricAt(s: number): LowRankMetric {
  return new LowRankMetric({ diagonal: golden.inputAt('D', s), factor: golden.inputAt('U', s), rank: 3 });
}

describe('fisherAnchor', () => {
  it.each(samples)('has the value and the gradients of golden sample %i', (s) => {
    const anchor = fisherAnchor(metricAt(s), golden.inputAt('score', s));
    expectClose(anchor.nll, golden.output('nll')[s], tolerance);
    expectClose(anchor.gradDiagonal, golden.outputAt('grad_D', s), tolerance);
    expectClose(anchor.gradFactor, golden.outputAt('grad_U', s), tolerance);
  });

  it('has gradients that central differences confirm', () => {
    const { diagonal, factor, rank } = metricAt(1);
    const score = golden.inputAt('score', 1);
    const step = 1e-5;
    const slope = (part: 'diagonal' | 'factor', at: number): number => {
      const value = (change: number): number => {
        const parts = { diagonal: diagonal.slice(), factor: factor.slice(), rank };
        parts[part][at] += change;
        return fisherAnchor(new LowRankMetric(parts), score).nll;
      };
      return (value(step) - value(-step)) / (2 * step);
    };
    const { gradDiagonal, gradFactor } = fisherAnchor(metricAt(1), score);
    expectClose(
      gradDiagonal,
      Array.from(diagonal.keys(), (at) => slope('diagonal', at)),
      { abs: 1e-8 },
    );
    expectClose(
      gradFactor,
      Array.from(factor.keys(), (at) => slope('factor', at)),
      { abs: 1e-8 },
    );
  });

  it('is stationary at the covariance of the scores', () => {
    // Scores whose mean outer product is g: sqrt(d + r) times the images of the unit normals.
    const metric = metricAt(2);
    const sources = metric.dimension + metric.rank;
    const gradDiagonal = new Float64Array(metric.dimension);
    const gradFactor = new Float64Array(metric.factor.length);
    for (let source = 0; source < sources; source++) {
      const normals = new Float64Array(sources);
      normals[source] = Math.sqrt(sources);
      const anchor = fisherAnchor(metric, metric.sample(normals));
      anchor.gradDiagonal.forEach((entry, at) => (gradDiagonal[at] += entry / sources));
      anchor.gradFactor.forEach((entry, at) => (gradFactor[at] += entry / sources));
    }
    expectClose(gradDiagonal, new Float64Array(gradDiagonal.length), { abs: 1e-13 });
    expectClose(gradFactor, new Float64Array(gradFactor.length), { abs: 1e-13 });
  });

  it('refuses a score of another dimension', () => {
    expect(() => fisherAnchor(metricAt(0), new Float64Array(3))).toThrow('fisherAnchor: score: expected 7 entries [7], got 3');
  });
});
