import type { RoundPlan } from '@geodesic/cluster';
import type { CodedSegment } from '@geodesic/tensor';
import type { ContributeAck, ContributionHeader } from '@geodesic/wire';
import { describe, expect, it } from 'vitest';
import { judgeHeader } from '../src/judge-header.ts';

const segments: readonly CodedSegment[] = [{ offset: 2, size: 3, kind: 'int8' }];
const identity = { run: 'r', step: 1, attempt: 0, phase: 'grad-stats', inputDigest: 'd' };
const plan: RoundPlan = { ...identity, version: 0, slots: 8, sumsLength: 8, scalarsLength: 0, codec: { level: 1, segments } };

function header(level: number, changes: Partial<ContributionHeader> = {}): ContributionHeader {
  const block = { level, index: 0 };
  return { round: identity, worker: 'w', incarnation: 'i', block, count: 1, scalars: new Float64Array(0), sumsLength: 8, ...changes };
}

const judge = (of: ContributionHeader): ContributeAck | undefined => judgeHeader(of, plan);

describe('judgeHeader', () => {
  it('admits coded segments of blocks at the level of the codec only, and those of the round only', () => {
    expect(judge(header(1, { coded: segments }))).toBeUndefined();
    expect(judge(header(0))).toBeUndefined();
    expect(judge(header(2))).toBeUndefined();
    const other = segments.map((segment): CodedSegment => ({ ...segment, kind: 'bf16' }));
    for (const wrong of [header(1), header(0, { coded: segments }), header(2, { coded: segments }), header(1, { coded: other })])
      expect(judge(wrong)).toMatchObject({ result: 'corrupt', detail: expect.stringContaining('coded segments') as string });
  });

  it('refuses sums of another length, and other rounds', () => {
    expect(judge(header(0, { sumsLength: 9 }))).toMatchObject({ result: 'corrupt', detail: 'sums: expected 8 elements, got 9' });
    expect(judge(header(0, { round: { ...identity, step: 2 } }))).toMatchObject({ result: 'stale' });
  });
});
