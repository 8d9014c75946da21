import { dampingMove, movedDamping, reductionRatio } from '@geodesic/natural-gradient';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { nextCalibration, startCalibration } from '../../src/search/levenberg-marquardt.ts';

const rule = { adaptEvery: 5, adaptFactor: 0.95, minDamping: 1e-3, maxDamping: 1e3 };

describe('dampingMove', () => {
  it.each([
    [1, -1],
    [0.751, -1],
    [0.75, 0],
    [0.25, 0],
    [0.249, 1],
    [-3, 1],
    [Number.NaN, 1],
    [undefined, 0],
  ] as const)('answers a reduction ratio of %s with %s', (ratio, move) => {
    expect(dampingMove(ratio)).toBe(move);
  });
});

describe('movedDamping', () => {
  it('multiplies by omega^T_1 down, divides up, and stays inside the bounds', () => {
    expectClose(
      [-1, 0, 1, 2].map((moves) => movedDamping(2, moves, rule)),
      [2 * 0.95 ** 5, 2, 2 / 0.95 ** 5, 2 / 0.95 ** 10],
      { rel: 1e-14 },
    );
    expect([movedDamping(1.1e-3, -1, rule), movedDamping(999, 1, rule)]).toEqual([1e-3, 1e3]);
  });
});

describe('reductionRatio', () => {
  it('is the change over the expected change, unless that is within the rounding of the objective', () => {
    expectClose(reductionRatio({ before: 10, after: 7, expected: -4 }, 1e-6)!, 0.75, { rel: 1e-15 });
    expect(reductionRatio({ before: -10, after: -10, expected: -1e-6 }, 1e-6)).toBeUndefined();
    expect(reductionRatio({ before: 0, after: 0, expected: 0 }, 1e-6)).toBeUndefined();
    expect(reductionRatio({ before: 1, after: Number.NaN, expected: -1 }, 1e-6)).toBeNaN();
  });
});

describe('nextCalibration', () => {
  /** Trials until done, and the damping found, where the ratio is right between `low` and `high`. */
  function calibrate(from: number, low: number, high: number): { trials: number; damping: number } {
    let calibration = startCalibration(from, rule);
    let trials = 0;
    for (; !calibration.done && trials < 100; trials++) {
      const { damping } = calibration;
      calibration = nextCalibration(calibration, damping > high ? 1 : damping < low ? 0 : 0.5, rule);
    }
    return { trials, damping: calibration.damping };
  }

  it.each([
    [150, 5, 7],
    [0.01, 5, 7],
    [6, 5, 7],
    [900, 0.01, 0.02],
  ])('finds, from %s, a damping between %s and %s within thirty trials', (from, low, high) => {
    const { trials, damping } = calibrate(from, low, high);
    expect(trials).toBeLessThanOrEqual(30);
    expect(damping).toBeGreaterThanOrEqual(low);
    expect(damping).toBeLessThanOrEqual(high);
  });

  it('ends with the larger of two neighbours where the rule jumps over the answer', () => {
    const { trials, damping } = calibrate(150, 6, 6);
    expect(trials).toBeLessThanOrEqual(30);
    expect(damping).toBeGreaterThan(6);
    expect(damping).toBeLessThan(6 / 0.95 ** 10);
  });

  it('ends at a bound', () => {
    expect(calibrate(10, 1e9, 1e9).damping).toBe(1e3);
    expect(calibrate(10, 1e-9, 1e-9).damping).toBe(1e-3);
  });
});
