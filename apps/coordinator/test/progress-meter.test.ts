import { describe, expect, it } from 'vitest';
import { ProgressMeter } from '../src/progress-meter.ts';

describe('ProgressMeter', () => {
  it('gives the rate between two heartbeats', () => {
    const meter = new ProgressMeter(1000);
    expect(meter.read({ slots: 2, examples: 128, computing: true }, 3000)).toEqual({
      state: 'computing',
      slots: 2,
      examples: 128,
      examplesPerSecond: 64,
    });
    expect(meter.read({ slots: 2, examples: 128, computing: false }, 4000)).toMatchObject({ state: 'waiting', examplesPerSecond: 0 });
  });
});
