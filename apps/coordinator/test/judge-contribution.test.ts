import type { RoundPlan } from '@geodesic/cluster';
import type { CodedSegment } from '@geodesic/tensor';
import type { ContributionHeader } from '@geodesic/wire';
import { afterAll, describe, expect, it } from 'vitest';
import { WorkerPool } from '../src/worker-pool.ts';

const segments: readonly CodedSegment[] = [{ offset: 2, size: 3, kind: 'int8' }];
const identity = { run: 'r', step: 1, attempt: 0, phase: 'grad-stats', inputDigest: 'd' };
const plan: RoundPlan = { ...identity, version: 0, slots: 8, sumsLength: 8, scalarsLength: 0, codec: { level: 1, segments } };

const observer = { joined: () => undefined, lost: () => undefined, progress: () => undefined };
const pool = new WorkerPool({ run: 'r', bundleDigest: 'sha256:00', leaseMs: 1000, heartbeatMs: 100, observer });
void pool.round(plan);
afterAll(() => pool.end('stopped'));

function header(level: number, changes: Partial<ContributionHeader> = {}): ContributionHeader {
  const block = { level, index: 0 };
  return { round: identity, worker: 'w', incarnation: 'i', block, count: 1, scalars: new Float64Array(0), sumsLength: 8, ...changes };
}

describe('WorkerPool.judge', () => {
  it('admits coded segments of blocks at the level of the codec only, and those of the round only', () => {
    expect(pool.judge(header(1, { coded: segments }))).toBeUndefined();
    expect(pool.judge(header(0))).toBeUndefined();
    expect(pool.judge(header(2))).toBeUndefined();
    const other = segments.map((segment): CodedSegment => ({ ...segment, kind: 'bf16' }));
    for (const wrong of [header(1), header(0, { coded: segments }), header(2, { coded: segments }), header(1, { coded: other })])
      expect(pool.judge(wrong)).toMatchObject({ result: 'corrupt', detail: expect.stringContaining('coded segments') as string });
  });

  it('refuses sums of another length, and other rounds', () => {
    expect(pool.judge(header(0, { sumsLength: 9 }))).toMatchObject({ result: 'corrupt', detail: 'sums: expected 8 elements, got 9' });
    expect(pool.judge(header(0, { round: { ...identity, step: 2 } }))).toMatchObject({ result: 'stale' });
  });
});
