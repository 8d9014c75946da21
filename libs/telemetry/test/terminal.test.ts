import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatBytes, formatDuration, progressBar, sparkline } from '../src/index.ts';

describe('progressBar', () => {
  it('fills in eighths of a cell', () => {
    expect([0, 0.5, 0.53125, 1].map((share) => progressBar(share, 4))).toEqual(['░░░░', '██░░', '██▏░', '████']);
  });

  it('has exactly the width asked for, whatever the share', () => {
    fc.assert(
      fc.property(fc.double({ min: -1, max: 2, noNaN: true }), fc.nat(80), (share, width) => {
        expect(progressBar(share, width)).toHaveLength(width);
      }),
      { seed: 1 },
    );
  });
});

describe('sparkline', () => {
  it('draws the last values between their least and greatest', () => {
    expect(sparkline([9, 0, 1, 2, 3], 4)).toBe('▁▃▆█');
    expect(sparkline([1, Number.NaN, 1], 8)).toBe('▄▄');
    expect(sparkline([], 8)).toBe('');
  });
});

describe('formatDuration', () => {
  it('says seconds, minutes or hours as a person would', () => {
    const written = [0.04, 9.94, 9.96, 59.4, 59.6, 185, 3599.6, 7620].map((seconds) => formatDuration(seconds));
    expect(written).toEqual(['0.0 s', '9.9 s', '10 s', '59 s', '1 min 00 s', '3 min 05 s', '1 h 00 min', '2 h 07 min']);
    expect([formatDuration(undefined), formatDuration(Infinity)]).toEqual(['–', '–']);
  });
});

describe('formatBytes', () => {
  it('uses binary units', () => {
    expect([0, 1023, 1024, 1536, 20 * 2 ** 20, 1023.9 * 2 ** 10].map((bytes) => formatBytes(bytes))).toEqual([
      '0 B',
      '1023 B',
      '1 KiB',
      '1.5 KiB',
      '20 MiB',
      '1 MiB',
    ]);
  });
});
