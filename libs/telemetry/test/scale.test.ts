import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smooth, thin } from '../src/picture/curve.ts';
import { formatTick, formatValue } from '../src/picture/format.ts';
import { linearScale, logScale } from '../src/picture/scale.ts';

const range = [0, 100] as const;

describe('linearScale', () => {
  it('ticks multiples of 1, 2 or 5 and reaches from the first to the last', () => {
    const scale = linearScale([0.07, 0.93], { range, nice: true });
    expect(scale.ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect([scale.at(0), scale.at(0.5), scale.at(1)]).toEqual([0, 50, 100]);
  });

  it('keeps to its domain when it is not to be widened', () => {
    const scale = linearScale([0, 130], { range, nice: false });
    expect(scale.ticks).toEqual([0, 50, 100]);
    expect(scale.at(130)).toBe(100);
  });

  it('gives a constant room on both sides', () => {
    expect(linearScale([5, 5], { range, nice: true }).at(5)).toBeCloseTo(50, 6);
    expect(linearScale([0, 0], { range, nice: true }).at(0)).toBeCloseTo(50, 6);
  });

  it('has 2 to 9 ticks for any data', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (low, span) => {
        const { ticks } = linearScale([low, low + span], { range, nice: true });
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(9);
      }),
      { seed: 1 },
    );
  });
});

describe('logScale', () => {
  it('ticks decades over many of them and 1-2-5 over few', () => {
    expect(logScale([1e-4, 1], { range }).ticks).toEqual([1e-4, 1e-3, 1e-2, 0.1, 1]);
    expect(logScale([0.03, 0.6], { range }).ticks).toEqual([0.05, 0.1, 0.2, 0.5]);
    expect(logScale([1e-12, 1], { range }).ticks.length).toBeLessThanOrEqual(6);
  });

  it('spaces equal ratios equally and holds only what it reaches', () => {
    const scale = logScale([0.01, 1], { range });
    expect(scale.at(0.1) - scale.at(0.01)).toBeCloseTo(scale.at(1) - scale.at(0.1), 9);
    expect([scale.holds(0.01), scale.holds(0.001), scale.holds(0), scale.holds(-1)]).toEqual([true, false, false, false]);
  });
});

describe('smooth', () => {
  it('keeps constants and straight beginnings, and leaves short curves alone', () => {
    const line = Array.from({ length: 200 }, (_, x) => ({ x, y: 3 }));
    expect(smooth(line)).toEqual(line);
    const short = [
      { x: 0, y: 1 },
      { x: 1, y: 9 },
    ];
    expect(smooth(short)).toBe(short);
  });
});

describe('thin', () => {
  it('bounds the number of points and keeps the highest and the lowest', () => {
    const points = Array.from({ length: 10_000 }, (_, x) => ({ x, y: Math.sin(x) }));
    points[5000] = { x: 5000, y: 9 };
    const kept = thin(points);
    expect(kept.length).toBeLessThanOrEqual(480);
    expect(kept).toContainEqual({ x: 5000, y: 9 });
    expect(kept.every(({ x }, index) => index === 0 || x > kept[index - 1].x)).toBe(true);
  });
});

describe('formatValue', () => {
  it('shows three digits, powers of ten only at the extremes', () => {
    expect([0, 0.0812345, 12.345, 1234.5, -2.5, 0.00042, 3e7].map((value) => formatValue(value))).toEqual([
      '0',
      '0.0812',
      '12.3',
      '1235',
      '−2.50',
      '4.2·10⁻⁴',
      '3.0·10⁷',
    ]);
  });
});

describe('formatTick', () => {
  it('is as short as it can be', () => {
    expect([0, 0.05, 1e-5, 2e-5, 1e6, -50].map((value) => formatTick(value))).toEqual(['0', '0.05', '10⁻⁵', '2·10⁻⁵', '10⁶', '−50']);
  });
});
