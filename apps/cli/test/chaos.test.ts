/** The parts of `geo chaos` that need no process: what faults cost, memory, and the comparison of two logs. */
import { describe, expect, it } from 'vitest';
import type { LogView } from '@geodesic/cluster';
import { firstDifference } from '../src/chaos/compare-runs.ts';
import { faultCosts, spanSeconds, usualStepSeconds } from '../src/chaos/disturbance-report.ts';
import { residentBytes, summariseMemory } from '../src/chaos/resident-memory.ts';

const commitsMs = [1000, 1100, 1200, 3200, 3300];

describe('faultCosts', () => {
  it('measures from each fault to the next commit', () => {
    const fault = (
      kind: 'kill-worker' | 'kill-coordinator',
      atMs: number,
    ): { kind: typeof kind; whom: string; atMs: number; durationMs: number } => ({
      kind,
      whom: 'x',
      atMs,
      durationMs: 0,
    });
    const faults = [fault('kill-worker', 1050), fault('kill-coordinator', 1200.5), fault('kill-worker', 3250), fault('kill-worker', 4000)];
    expect(faultCosts({ faults, commitsMs })).toEqual([
      { kind: 'kill-worker', count: 3, medianSeconds: 0.05, longestSeconds: 0.05 },
      { kind: 'kill-coordinator', count: 1, medianSeconds: 1.9995, longestSeconds: 1.9995 },
    ]);
  });
});

describe('the course of a run', () => {
  it('has a span and a usual step', () => {
    expect(spanSeconds({ commitsMs })).toBe(2.3);
    expect(usualStepSeconds({ commitsMs })).toBe(0.1);
    expect(usualStepSeconds({ commitsMs: [5] })).toBeUndefined();
  });
});

describe('summariseMemory', () => {
  it('compares early and late in the process that lived longest', () => {
    const samples = [100, 900].map((bytes, i) => ({ pid: 1, atMs: i, bytes }));
    const longer = [10, 11, 12, 20, 21, 22, 30, 31, 32].map((bytes, i) => ({ pid: 2, atMs: 1000 * i, bytes }));
    expect(summariseMemory([...samples, ...longer])).toEqual({ samples: 11, peak: 900, early: 11, late: 31, seconds: 8 });
    expect(summariseMemory([])).toBeUndefined();
  });

  it.skipIf(process.platform !== 'linux')('is measured where the system tells', () => {
    expect(residentBytes(process.pid)).toBeGreaterThan(10_000_000);
  });
});

describe('firstDifference', () => {
  const viewOf = (...chains: readonly string[]): LogView =>
    ({
      commits: chains.map((chain, i) => ({ type: 'step', step: i + 1, attempt: 0, version: i + 1, chain, checksum: 'c' })),
    }) as unknown as LogView;

  it('finds no difference between equal logs, and names the first one', () => {
    expect(firstDifference(viewOf('a', 'b'), viewOf('a', 'b'))).toBeUndefined();
    expect(firstDifference(viewOf('a', 'b'), viewOf('a', 'x'))).toBe(
      'commit 1: expected step 2, attempt 0, update 2, chain b, checksum c, got step 2, attempt 0, update 2, chain x, checksum c',
    );
    expect(firstDifference(viewOf('a', 'b'), viewOf('a'))).toContain('commit 1: expected step 2');
    expect(firstDifference(viewOf('a'), viewOf('a', 'b'))).toBe('expected 1 commits, got 2');
  });
});
