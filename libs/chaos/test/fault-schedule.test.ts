/** Schedules of faults are pure functions of their options. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_WEIGHTS, faultSchedule } from '../src/index.ts';

const options = { seed: 3, mtbfMs: 500, durationMs: 600_000 };

describe('faultSchedule', () => {
  it('is the same for the same options and another for another seed', () => {
    expect(faultSchedule(options)).toEqual(faultSchedule(options));
    expect(faultSchedule(options)).not.toEqual(faultSchedule({ ...options, seed: 4 }));
  });

  it('keeps the mean time between faults, ascending within the duration', () => {
    const times = faultSchedule(options).map(({ atMs }) => atMs);
    expect(times.length).toBeGreaterThan(1100);
    expect(times.length).toBeLessThan(1300);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBeLessThanOrEqual(600_000);
  });

  it('draws every kind as often as its weight says', () => {
    const faults = faultSchedule({ ...options, mtbfMs: 50 });
    const sum = Object.values(DEFAULT_WEIGHTS).reduce((total, weight) => total + weight, 0);
    for (const [kind, weight] of Object.entries(DEFAULT_WEIGHTS)) {
      const share = faults.filter((fault) => fault.kind === kind).length / faults.length;
      expect(Math.abs(share - weight / sum), kind).toBeLessThan(0.02);
    }
  });

  it('kills the coordinator exactly so often, once in each equal part', () => {
    const kills = faultSchedule({ ...options, coordinatorKills: 5 }).filter(({ kind }) => kind === 'kill-coordinator');
    expect(kills.map(({ atMs }) => Math.floor(atMs / 120_000))).toEqual([0, 1, 2, 3, 4]);
  });

  it('gives a duration to what lasts and to nothing else', () => {
    const faults = faultSchedule({ ...options, weights: { cut: 1, 'stop-worker': 1 } });
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(['cut', 'stop-worker']));
    expect(faults.every(({ kind, durationMs }) => kind === 'stop-worker' || durationMs === 0)).toBe(true);
    expect(faults.some(({ durationMs }) => durationMs > 0)).toBe(true);
  });

  it('has nothing in it where nothing may come', () => {
    expect(faultSchedule({ ...options, weights: {} })).toEqual([]);
  });

  it('refuses what cannot be', () => {
    expect(() => faultSchedule({ ...options, mtbfMs: 0 })).toThrow('mtbfMs: expected');
    expect(() => faultSchedule({ ...options, coordinatorKills: 1.5 })).toThrow(
      'coordinatorKills: expected a non-negative integer, got 1.5',
    );
  });
});
